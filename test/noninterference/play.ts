import { Agent, type IncomingMessage, request as send } from 'node:http'
import { once } from 'node:events'
import { mayKnow, stepsOf } from './hiding.ts'
import { SECRET } from './people.ts'
import { openRawClient, type RawClient } from './raw-client.ts'
import type { Deed, Outage, Query, Script, Step } from './script.ts'
import type { World } from './world.ts'

/** What one viewer was told, on one way, during one step: frames, answers and purges, byte by byte. */
export interface Told {
  /** Which step of the script, counted from 0; the hiding is one. */
  readonly step: number
  /** A connection, the answers of HTTP, or the caches in front. */
  readonly channel: string
  readonly text: string
}

/** All that whoever may not know of the secret user was told. The order of one channel is kept; that between channels is nobody's. */
export type Transcript = readonly Told[]

interface Answer {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

/** How far a long wait moves the machine's own time: beyond every tick and the time after which searches are computed anew. */
const LONG_MS = 10_000
const MACHINE_MS = 40_000

/** Plays a script in a world. @param alone whether the secret user does nothing once they are hidden */
export async function play(world: World, script: Script, alone: boolean): Promise<Transcript> {
  const stage = createStage(world, script)
  try {
    for (const step of script.before) await stage.step(step)
    // Nobody can hide whom nobody can look up; one whose hiding is not stored yet is hidden all the same.
    if (isAwayAfter(script)) await stage.step({ who: null, deed: { do: 'outage', of: 'nothing' } })
    for (const step of stepsOf(script.hiding)) await stage.hide(step)
    for (const step of script.after) {
      if (alone && step.who === SECRET) await stage.skip()
      else await stage.step(step)
    }
    // What still waits is told now.
    await stage.step({ who: null, deed: { do: 'outage', of: 'nothing' } })
    await stage.step({ who: null, deed: { do: 'wait', ms: LONG_MS } })
    return stage.told
  } finally {
    stage.close()
  }
}

/** What may let others know more on the way is refused while it cannot be stored. */
const isAwayAfter = ({ before, hiding }: Script): boolean => {
  const outage = before.reduce<Outage>((of, { deed }) => (deed.do === 'outage' ? deed.of : of), 'nothing')
  return outage === 'everything' || (outage === 'decisions' && hiding.by !== 'switch' && hiding.by !== 'block')
}

/** What the people of a script hold in their hands. */
function createStage(world: World, { hiding, before }: Script) {
  const told: Told[] = []
  const clients = new Map<string, RawClient>()
  const known = new Map<string, Record<string, string>>()
  const etags = new Map<string, string>()
  const agent = new Agent({ keepAlive: true })
  let page: { query: Query; cursor: string } | null = null
  let at = 0

  const contacts = contactsAfter(before)

  /** What happened before is the same in both worlds, whoever may know of it. */
  function tell(viewer: string | null, channel: string, text: string): void {
    if (!mayKnow(hiding, viewer, contacts)) told.push({ step: at, channel, text: withoutNames(text) })
  }

  /** Asks over HTTP; what the secret user is answered is theirs to know. */
  async function http(who: string | null, method: string, path: string, more: { json?: unknown; etag?: string } = {}) {
    const door = world.door(who)
    const headers: Record<string, string> = { ...door.headers }
    if (door.token !== null) headers['authorization'] = `Bearer ${door.token}`
    if (more.etag !== undefined) headers['if-none-match'] = more.etag
    if (more.json !== undefined) headers['content-type'] = 'application/json'
    const json = more.json === undefined ? undefined : world.said(JSON.stringify(more.json))
    const answer = await world.during(exchange(agent, door.url + world.said(path), { method, headers }, json))
    tell(who, 'http', `${method} ${path}\n${wordAnswer(answer)}`)
    return answer
  }

  async function connect(who: string, { device, format, type }: Deed & { do: 'connect' }): Promise<void> {
    const name = `${who}/${device}`
    if (clients.get(name)?.isOpen()) return
    const { url, token } = world.door(who)
    const auth = { token, device_id: name, device_type: type, format, v: 1 }
    const onFrame = (frame: string): void => {
      tell(who, name, frame)
      learn(known, name, frame)
    }
    clients.set(name, await world.during(openRawClient({ url, auth, onFrame })))
  }

  async function end(client: RawClient, how: 'leave' | 'cut'): Promise<void> {
    const sid = client.sid()
    client[how]()
    // A loss counts from when the server noticed it.
    const isHeld = () => sid !== null && world.holds(sid)
    while (isHeld()) await new Promise((resolve) => setImmediate(resolve))
  }

  async function search(query: Query, compares: boolean): Promise<void> {
    const path = `/api/providers?${new URLSearchParams(query).toString()}`
    const etag = compares ? etags.get(path) : undefined
    const answer = await http(null, 'GET', path, etag === undefined ? {} : { etag })
    if (answer.status !== 200) return
    const tag = answer.headers[answer.headers.findIndex((name) => name.toLowerCase() === 'etag') + 1]
    if (tag !== undefined) etags.set(path, tag)
    const { next_cursor: cursor } = JSON.parse(answer.body) as { next_cursor: string | null }
    const { cursor: _before, ...rest } = query
    page = cursor === null ? null : { query: rest, cursor }
  }

  /** The connection of somebody's device, while it stands. */
  function open(who: string, device: number): RawClient | null {
    const client = clients.get(`${who}/${device}`)
    return client?.isOpen() ? client : null
  }

  /** What somebody does over a connection. */
  async function speak(who: string, deed: Spoken): Promise<void> {
    if (deed.do === 'connect') return connect(who, deed)
    const client = open(who, deed.device)
    if (client === null) return
    if (deed.do === 'activity') client.say('activity')
    else if (deed.do === 'leave' || deed.do === 'cut') await end(client, deed.do)
    else {
      const [event, payload] = wordDeed(deed, known.get(`${who}/${deed.device}`) ?? {})
      await world.during(client.ask(event, JSON.parse(world.said(JSON.stringify(payload)))))
    }
  }

  /** What somebody does by HTTP. */
  async function request(who: string, deed: Requested): Promise<void> {
    const [method, path, json] = wordRequest(deed)
    await http(who, method, path, json === undefined ? {} : { json })
  }

  /** Whoever could not hide would be no secret: a pair would prove nothing. */
  async function hide(step: Step): Promise<void> {
    if (step.who === null || isSpoken(step.deed)) return act(step)
    const { who, deed } = step
    const ask = () => {
      const [method, path, json] = wordRequest(deed)
      return http(who, method, path, json === undefined ? {} : { json })
    }
    let { status, body } = await ask()
    // What takes nothing away, as of somebody whom levels hide already, is refused while it cannot be stored.
    if (status === 503 && !body.includes('NOT_DURABLE')) {
      await world.outage('nothing')
      ;({ status, body } = await ask())
    }
    if (status >= 300 && !body.includes('NOT_DURABLE')) throw new Error(`nobody hides here: ${status} ${body}`)
  }

  async function happen(deed: (Step & { who: null })['deed']): Promise<void> {
    if (deed.do === 'search') await search(deed.query, deed.compares)
    else if (deed.do === 'nextPage') await (page && search({ ...page.query, cursor: page.cursor }, false))
    else if (deed.do === 'outage') await world.outage(deed.of)
    else if (deed.do === 'relate') {
      // A host whose word was not taken says it again, so it does not count before.
      await world.outage('nothing')
      await world.during(world.relate(deed.viewer, deed.isContact))
    } else if (deed.do === 'ban') await world.during(world.ban())
    else {
      await world.wait(deed.ms)
      if (deed.ms >= LONG_MS) await world.tick(MACHINE_MS)
    }
  }

  const act = (step: Step): Promise<void> => {
    if (step.who === null) return happen(step.deed)
    return isSpoken(step.deed) ? speak(step.who, step.deed) : request(step.who, step.deed)
  }

  /** One step, and all that follows from it. */
  async function take(what: () => Promise<void>): Promise<void> {
    await what()
    await world.quiet()
    for (const keys of world.purges.splice(0)) tell(null, 'caches', `purge ${keys.join(' ')}`)
    at += 1
  }

  return {
    told,
    /** As much time goes by as if somebody had done something. */
    skip: (): Promise<void> => take(() => Promise.resolve()),
    step: (step: Step): Promise<void> => take(() => act(step)),
    hide: (step: Step): Promise<void> => take(() => hide(step)),
    close(): void {
      for (const client of clients.values()) if (client.isOpen()) client.cut()
      agent.destroy()
    },
  }
}

/** With whom the secret user deals once these steps are done. */
function contactsAfter(steps: readonly Step[]): ReadonlySet<string> {
  const contacts = new Set<string>()
  for (const { deed } of steps) {
    if (deed.do === 'relate') contacts[deed.isContact ? 'add' : 'delete'](deed.viewer)
  }
  return contacts
}

type Requested = Exclude<Deed, { device: number }>
type Spoken = Exclude<Deed, Requested>

// A choice without a device is made by HTTP.
const isSpoken = (deed: Deed): deed is Spoken => 'device' in deed && deed.device !== null

/** An event and its payload. */
function wordDeed(
  deed: Exclude<Spoken, { do: 'connect' | 'leave' | 'cut' | 'activity' }>,
  known: Readonly<Record<string, string>>,
): [event: string, payload: object] {
  switch (deed.do) {
    case 'choose': {
      const { do: _name, device: _device, ...change } = deed
      return ['setStatus', change]
    }
    case 'watch':
      return ['watch', { users: deed.users, ...(deed.withKnown ? { known } : {}) }]
    case 'watchSearch':
      return ['watchProviders', deed.query]
    default:
      return [deed.do, {}]
  }
}

/** A method, a path and a body. */
function wordRequest(deed: Requested): [method: string, path: string, json?: object] {
  const mine = '/api/users/presence'
  switch (deed.do) {
    case 'choose': {
      const { do: _name, device: _device, ...change } = deed
      return ['PATCH', `${mine}/status`, change]
    }
    case 'show':
      return ['PATCH', `${mine}/settings`, { show_online_status: deed.shown }]
    case 'level': {
      const { status, lastSeen, coarse } = deed.levels
      const levels = { status_audience: status, last_seen_audience: lastSeen, coarse_last_seen: coarse }
      return ['PATCH', `${mine}/settings`, levels]
    }
    case 'block':
      return [deed.blocked ? 'PUT' : 'DELETE', `${mine}/blocks/${deed.viewer}`]
    case 'signOut':
      return ['DELETE', `${mine}/sessions`]
    case 'work':
      return ['POST', '/host/work']
    case 'read':
      return ['GET', `${mine}/${deed.user}`]
    case 'batch':
      return ['GET', `${mine}?ids=${deed.users.join(',')}`]
    default: {
      const filter = Object.entries(deed.query).filter(([name]) => FILTERS.has(name))
      return ['GET', `/host/providers?${new URLSearchParams(filter).toString()}`]
    }
  }
}

/** What `presenceFilter()` reads; the rest is the host's. */
const FILTERS = new Set(['online_status', 'last_seen', 'active_within'])

/** Remembers the newest version that a connection was told of each user, as clients do. */
function learn(known: Map<string, Record<string, string>>, name: string, frame: string): void {
  const versions = known.get(name) ?? {}
  for (const [, more = ''] of frame.matchAll(/"versions":(\{[^}]*\})/g)) Object.assign(versions, JSON.parse(more))
  for (const [, update = ''] of frame.matchAll(/(\{"userId":[^}]*"version":"\d+"\})/g)) {
    const { userId, version } = JSON.parse(update) as { userId: string; version: string }
    versions[userId] = version
  }
  known.set(name, versions)
}

/**
 * What is drawn by chance anew for each connection and each search tells nothing: Engine.IO's and Socket.IO's names for a connection, the
 * names of watched searches, and how many seconds a retry is to wait. The date of an answer is the machine's.
 */
function withoutNames(text: string): string {
  return text
    .replaceAll(/"sid":"[^"]*"/g, '"sid":"#"')
    .replaceAll(/"watch_id":"[^"]*"/g, '"watch_id":"#"')
    .replaceAll(/^Retry-After: [2-8]$/gm, 'Retry-After: #')
    .replaceAll(/^Date: .*$/gm, 'Date: #')
}

function wordAnswer({ status, headers, body }: Answer): string {
  const lines = headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}: ${headers[i + 1]}`] : []))
  return [`HTTP ${status}`, ...lines, '', body].join('\n')
}

async function exchange(
  agent: Agent,
  url: string,
  options: { method: string; headers: Record<string, string> },
  json?: string,
): Promise<Answer> {
  const sent = send(url, { ...options, agent })
  sent.end(json)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { status: response.statusCode ?? 0, headers: response.rawHeaders, body: Buffer.concat(chunks).toString() }
}
