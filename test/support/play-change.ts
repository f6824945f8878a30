import { expect } from 'vitest'
import type { PresenceInfo } from '../../src/domain/info.ts'
import type { PresenceUpdate, StatusChange } from '../../src/protocol/index.ts'
import { type HeardEvent, startTestPresence, type TestClient, type TestPresence } from '../../src/testing/index.ts'
import { CHANGES } from './protocol-changes.ts'

/** Ben's devices. The laptop takes changes as diffs. Nobody listens at the tablet. */
export type DeviceName = 'phone' | 'laptop' | 'tablet'

/** What can be done by Ben and to him. */
export interface Stage {
  /** A device connects, and watches Ben himself from then on. */
  arrives(name: DeviceName): Promise<void>
  leaves(name: DeviceName): Promise<void>
  loses(name: DeviceName): Promise<void>
  comesBack(name: DeviceName): Promise<void>
  uses(name: DeviceName): Promise<void>
  chooses(change: StatusChange): Promise<void>
  setVisible(visible: boolean): Promise<void>
  signsOut(name: DeviceName): Promise<void>
  signsOutEverywhere(): Promise<void>
  repeats(): Promise<void>
  passes(ms: number): Promise<void>
}

/** A client and what it heard of Ben: the names in order, and the updates of either format. */
interface Listener {
  readonly client: TestClient
  names: string[]
  updates: PresenceUpdate[]
  /** Whether the server ended its connection. */
  signedOut: boolean
}

interface Audience {
  readonly name: string
  readonly viewerId: string
  /** Who of it listens in which format, at the moment. */
  listeners(): { events: Listener | undefined; diff: Listener | undefined }
}

/** What an audience can read of Ben. */
interface Sight {
  readonly info: PresenceInfo
  readonly version: bigint
}

const NOTHING = '–'

/**
 * Plays a change with real sockets.
 *
 * @returns the cells of its two rows, strangers first, then Ben: who hears what, and what became of each field
 */
export async function playChange(name: string): Promise<string[][]> {
  const change = CHANGES[name]
  if (!change) throw new Error(`${name} cannot be played`)
  const system = await startTestPresence({ options: { maxSessionsPerUser: 2 } })
  try {
    const ben = system.addUser()
    const stage = createStage(system, ben)
    const audiences = [await watchers(system, ben), { name: 'Ben', viewerId: ben, listeners: stage.listeners }]
    await change.given(stage)
    const before = await Promise.all(audiences.map(({ viewerId }) => look(system, ben, viewerId)))
    for (const audience of audiences) await hear(audience, ben)
    for (const audience of audiences) forget(audience)
    await change.when(stage)
    await system.clock.advance(0)
    const rows: string[][] = []
    for (const [i, audience] of audiences.entries()) {
      await hear(audience, ben)
      const [was, is] = [before[i], await look(system, ben, audience.viewerId)]
      if (!was) throw new Error('nobody looked before')
      const fields = fieldCells(was, is, lastUpdate(audience, is), stage.momentName)
      rows.push([audience.name, ...heardCells(audience), ...fields])
    }
    return rows
  } finally {
    await system.stop()
  }
}

const listener = (client: TestClient): Listener => ({ client, names: [], updates: [], signedOut: false })

/** Two strangers who watch Ben, one in each format. */
async function watchers(system: TestPresence, ben: string): Promise<Audience> {
  const viewerId = system.addUser()
  const [events, diff] = [
    listener(await system.connect(viewerId)),
    listener(await system.connect(viewerId, { format: 'diff' })),
  ]
  for (const { client } of [events, diff]) await client.watch(ben)
  return { name: 'others', viewerId, listeners: () => ({ events, diff }) }
}

function createStage(system: TestPresence, ben: string) {
  const devices = new Map<DeviceName, Listener>()
  /** Names of moments that last seen may show. */
  const moments = new Map<number, string>()
  const { clock } = system

  const device = (name: DeviceName): Listener => {
    const found = devices.get(name)
    if (!found) throw new Error(`the ${name} is not there`)
    return found
  }
  const note = (what: string): unknown => moments.set(clock.now(), what)
  const http = async (method: string, path: string, body?: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${ben}`, 'content-type': 'application/json' }
    const content = body ? { body: JSON.stringify(body) } : {}
    const response = await fetch(`${system.url}/api/users/presence${path}`, { method, headers, ...content })
    expect(response.ok).toBe(true)
    return response.status === 204 ? null : await response.json()
  }

  async function arrives(name: DeviceName): Promise<void> {
    note('the connect')
    const format = name === 'laptop' ? 'diff' : 'events'
    const client = await system.connect(ben, { format, device_type: 'desktop', device_id: name })
    const arrived = listener(client)
    client.socket.on('disconnect', (reason) => (arrived.signedOut = reason === 'io server disconnect'))
    devices.set(name, arrived)
    await isLive(arrived)
  }

  async function isLive({ client, names }: Listener): Promise<void> {
    // The test client has taken the first word of the server already.
    names.push('selfPresence')
    await client.watch(ben)
  }

  const stage: Stage = {
    arrives,
    leaves: async (name) => {
      note('the goodbye')
      await device(name).client.leave()
    },
    loses: async (name) => {
      note('the loss')
      await device(name).client.cut()
    },
    async comesBack(name) {
      await device(name).client.comeBack()
      await isLive(device(name))
    },
    uses: async (name) => {
      note('the last use')
      await device(name).client.activity()
    },
    chooses: async (change) => {
      note('the last use')
      await http('PATCH', '/status', change)
    },
    setVisible: async (visible) => {
      note('the last use')
      await http('PATCH', '/settings', { show_online_status: visible })
    },
    async signsOut(name) {
      const { sessions } = (await http('GET', '/sessions')) as { sessions: { id: string; device_id: string }[] }
      const session = sessions.find(({ device_id }) => device_id === name)
      await http('DELETE', `/sessions/${session?.id}`)
    },
    signsOutEverywhere: async () => void (await http('DELETE', '/sessions')),
    repeats: () => system.presence.broadcastPresence(ben),
    passes: (ms) => clock.advance(ms),
  }
  return {
    ...stage,
    listeners: () => ({ events: devices.get('phone'), diff: devices.get('laptop') }),
    momentName: (at: number): string => (at === clock.now() ? 'now' : (moments.get(at) ?? `${at - clock.now()} ms`)),
  }
}

async function look(system: TestPresence, ben: string, viewerId: string): Promise<Sight> {
  const { presences, versions } = await system.presence.verbs.readPresences([ben], viewerId)
  const [info] = presences
  if (!info) throw new Error('Ben is not to be seen')
  return { info, version: BigInt(versions[ben] ?? 0) }
}

async function hear(audience: Audience, ben: string): Promise<void> {
  for (const one of Object.values(audience.listeners())) {
    for (const event of (await one?.client.take()) ?? []) {
      // Others hear of themselves, too: they are idle when Ben is.
      if (event[0] === 'selfPresence' && event[1].userId !== ben) continue
      one?.names.push(event[0])
      one?.updates.push(...updatesIn(event))
    }
  }
}

function updatesIn(event: HeardEvent): readonly PresenceUpdate[] {
  if (event[0] === 'presenceUpdate') return [event[1]]
  return event[0] === 'presenceDiff' ? event[1].changed : []
}

function forget(audience: Audience): void {
  for (const one of Object.values(audience.listeners())) if (one) Object.assign(one, { names: [], updates: [] })
}

function wordsOf({ client, names, signedOut }: Listener): string {
  if (!client.socket.connected && !signedOut) return 'nobody'
  return [...names, ...(signedOut ? ['disconnect'] : [])].join(', ') || NOTHING
}

const heardCells = (audience: Audience): string[] => {
  const { events, diff } = audience.listeners()
  return [events, diff].map((one) => (one ? wordsOf(one) : 'nobody'))
}

/** The update that was told last, which every listener has heard and which says what can be read. */
function lastUpdate(audience: Audience, { info, version }: Sight): PresenceUpdate | null {
  const listeners = Object.values(audience.listeners()).filter((one) => one !== undefined)
  const told = listeners.flatMap(({ updates }) => updates.slice(-1))
  for (const { userId, status, last_seen, custom_message, version: toldVersion } of told) {
    expect({ userId, status, last_seen, custom_message }).toEqual({
      userId: info.userId,
      status: info.online_status,
      last_seen: info.last_seen,
      custom_message: info.custom_message,
    })
    expect(BigInt(toldVersion)).toBe(version)
  }
  return told[0] ?? null
}

/** What became of status, last_seen, custom_message, version and timestamp. */
function fieldCells(
  was: Sight,
  is: Sight,
  update: PresenceUpdate | null,
  momentName: (at: number) => string,
): string[] {
  const moment = (time: string | null): string => (time === null ? 'unknown' : momentName(Date.parse(time)))
  const unless = (same: boolean, words: string): string => (same ? NOTHING : words)
  const { info: before } = was
  const { info: after } = is
  return [
    unless(before.online_status === after.online_status, `${before.online_status} → ${after.online_status}`),
    unless(before.last_seen === after.last_seen, moment(after.last_seen)),
    unless(before.custom_message === after.custom_message, after.custom_message ?? 'none'),
    is.version > was.version ? 'grows' : unless(is.version === was.version, 'shrinks'),
    update === null ? NOTHING : moment(update.timestamp),
  ]
}
