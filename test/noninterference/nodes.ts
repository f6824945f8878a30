import { randomUUID } from 'node:crypto'
import type fc from 'fast-check'
import { type Marketplace, startMarketplace } from '../support/marketplace.ts'
import { startNginx, type TestNginx } from '../support/nginx.ts'
import { createTestDatabase } from '../support/postgres.ts'
import { isComparable, isUntold } from './hiding.ts'
import { compare, describeDifference, type Difference } from './pairs.ts'
import { OTHERS, PROVIDERS, SECRET, USERS } from './people.ts'
import { play, type Transcript } from './play.ts'
import { type Query, type Script, scripts, type Step } from './script.ts'
import type { World } from './world.ts'

// The same pairs on the real thing: PostgreSQL, Redis, two nodes, and an nginx that caches searches in front of them. The secret user is at
// the one node, whoever else at the other. Time goes by as it does, so moments are compared by their order and not by what they are.

/** Milliseconds after a step in which all that follows from it is told. */
const SETTLED_MS = 300
/** Of the option edgeMaxAgeMs, and a little more than that: what a cache may still give out then is fetched anew. */
const EDGE_MS = 2_000
const EDGE_PASSED_MS = 2_300

/** Times that a pair has to differ. */
const TRIES = 3

export interface Nodes {
  /** How many pairs can be played at once, each among people of its own. */
  readonly casts: number
  /**
   * Plays a script twice among the people of one cast. In real time a busy machine may tell something in a later step, so a difference
   * counts that shows again and again.
   *
   * @returns what to read, or null
   */
  findInterference(script: Script, cast: number): Promise<string | null>
  stop(): Promise<void>
}

/** The people of one city, in the parts of a script. */
interface Cast {
  readonly cityId: string
  /** Id in a script to id here, and to a token. */
  readonly ids: ReadonlyMap<string, string>
  readonly tokens: ReadonlyMap<string, string>
}

/** @param redisUrl of a Redis that others use, too */
export async function startNodes(redisUrl: string): Promise<Nodes> {
  const database = await createTestDatabase({ marketplace: true })
  const dealings = new Set<string>()
  const relation = (viewerId: string, userId: string) => dealings.has(`${viewerId} ${userId}`)
  const env = {
    REDIS_URL: redisUrl,
    PRESENCE_REDIS_PREFIX: `test-${randomUUID()}`,
    PRESENCE_EDGE_MAX_AGE_MS: String(EDGE_MS),
    PRESENCE_LIVE_SEARCH_EVERY_MS: '50',
    // Nothing ends by itself while a script goes on.
    PRESENCE_GRACE_MS: '600000',
    PRESENCE_MOBILE_GRACE_MS: '600000',
    // A busy machine is no outage.
    PRESENCE_STORE_TIMEOUT_MS: '2000',
    PRESENCE_DATABASE_TIMEOUT_MS: '5000',
    PRESENCE_RATE_LIMIT: 'off',
    LOG_LEVEL: 'silent',
  }
  const world = { database, clock: () => Date.now(), relation }
  const [near, far] = [await startMarketplace(env, world), await startMarketplace(env, world)]
  const edge = await startNginx('websocket-only', [far.url], { cachesSearches: true })
  const casts = await castsOf(near)
  let worlds = 0

  async function playOnce(script: Script, cast: Cast, alone: boolean): Promise<Transcript> {
    await begin(near, cast, dealings)
    worlds += 1
    const stage = { near, far, edge, cast, dealings, host: `world-${worlds}.test` }
    return inOrder(await play(worldOn(stage), script, alone), cast)
  }

  return {
    casts: casts.length,
    async findInterference(script, number) {
      const cast = casts[number]
      if (!cast) throw new Error(`there are people for ${casts.length} pairs at once`)
      let difference: Difference | null = null
      for (let tries = 0; tries < TRIES; tries += 1) {
        difference = compare(await playOnce(script, cast, true), await playOnce(script, cast, false))
        if (difference === null) return null
      }
      return difference && describeDifference(script, difference)
    },
    async stop() {
      await edge.stop()
      await Promise.all([near.stop(), far.stop()])
      await database.drop()
    },
  }
}

/** Cities with as many providers as a script has. */
async function castsOf(node: Marketplace): Promise<Cast[]> {
  const cities = new Map<number, string[]>()
  for (let cursor = ''; ; ) {
    const { body } = await node.http(`/api/providers?limit=100${cursor}`)
    for (const { id, city_id } of body.providers) cities.set(city_id, [...(cities.get(city_id) ?? []), id])
    if (body.next_cursor === null) break
    cursor = `&cursor=${body.next_cursor}`
  }
  const { body } = await node.http('/api/demo/users?role=client&limit=100')
  const clients = (body.users as { id: string }[]).map(({ id }) => id)
  const large = [...cities].filter(([, ids]) => ids.length >= PROVIDERS.length)
  return Promise.all(
    large.slice(0, Math.floor(clients.length / 2)).map(async ([cityId, providers], i): Promise<Cast> => {
      const people = [...providers.slice(0, PROVIDERS.length), ...clients.slice(2 * i, 2 * i + 2)]
      const tokens = await Promise.all(
        people.map(async (id) => {
          const login = await node.http('/api/demo/login', { method: 'POST', json: { user_id: id } })
          return String(login.body.token)
        }),
      )
      const byPart = (values: readonly string[]) => new Map(USERS.map((part, j) => [part, values[j] ?? '']))
      return { cityId: String(cityId), ids: byPart(people), tokens: byPart(tokens) }
    }),
  )
}

/** Both worlds begin alike: everybody open, with nobody blocked, gone, and seen last in the order of their parts. */
async function begin(node: Marketplace, { ids, tokens }: Cast, dealings: Set<string>): Promise<void> {
  const { presence } = node.server
  dealings.clear()
  const open = async (id: string): Promise<void> => {
    await presence.service.unban(id)
    await presence.verbs.signOutEverywhere(id)
    await presence.verbs.changeSettings(id, { visible: true, status: 'everyone', lastSeen: 'everyone', coarse: false })
    for (const { userId } of await presence.verbs.listBlocks(id)) await presence.verbs.setBlock(id, userId, false)
  }
  await Promise.all([...ids.values()].map(open))
  for (const [part, id] of ids) {
    const client = await node.connect({ id, name: '', token: tokens.get(part) ?? '' })
    await client.ask('setStatus', { status: 'online', message: null })
    client.leave()
  }
  await pause(SETTLED_MS)
}

interface Stage {
  readonly near: Marketplace
  readonly far: Marketplace
  readonly edge: TestNginx
  readonly cast: Cast
  readonly dealings: Set<string>
  /** Its own, so that caches keep one world apart from the other. */
  readonly host: string
}

function worldOn({ near, far, edge, cast, dealings, host }: Stage): World {
  const idOf = (part: string): string => cast.ids.get(part) ?? part
  return {
    door(who) {
      if (who === null) return { url: edge.url, token: null, headers: { host } }
      return { url: who === SECRET ? near.url : far.url, token: cast.tokens.get(who) ?? null }
    },
    said: (text) =>
      [...cast.ids].reduce((all, [part, id]) => all.replaceAll(part, id), text).replaceAll('CITY', cast.cityId),
    purges: [],
    during: (work) => work,
    quiet: () => pause(SETTLED_MS),
    wait: (ms) => pause(Math.min(ms, EDGE_PASSED_MS)),
    tick: () => Promise.resolve(),
    outage: () => Promise.resolve(),
    relate(viewer, isContact) {
      dealings[isContact ? 'add' : 'delete'](`${idOf(viewer)} ${idOf(SECRET)}`)
      return near.server.presence.relationChanged(idOf(viewer), idOf(SECRET))
    },
    ban: async () => void (await near.server.presence.service.ban(idOf(SECRET))),
    holds: (socketId) => [near, far].some(({ server }) => server.io.of('/').sockets.has(socketId)),
    stop: () => Promise.resolve(),
  }
}

/**
 * Scripts as they can be played among many others in real time: nothing waits for long, and everybody searches in their own city. There are
 * few of them, so in each somebody who may not know watches from the beginning, the secret user comes, and in the end all is read again.
 */
export const nodeScripts: fc.Arbitrary<Script> = scripts.map((script) => {
  const steps = (all: readonly Step[], most: number) => all.filter(isPlayable).slice(0, most).map(inCity)
  const { hiding } = script
  const who = (hiding.by === 'block' ? hiding.viewers[0] : OTHERS.find((one) => !isRelated(script, one))) ?? ''
  const watch = (withKnown: boolean): Step => ({ who, deed: { do: 'watch', device: 0, users: [SECRET], withKnown } })
  // First it comes from a node, then from the cache, and once that has let go of it, by its ETag.
  const search: Step = { who: null, deed: { do: 'search', query: cityQuery({}), compares: true } }
  const watchSearch: Step = { who, deed: { do: 'watchSearch', device: 0, query: {} } }
  const comes = (one: string): Step => ({ who: one, deed: { do: 'connect', device: 0, format: 'events', type: 'web' } })
  const choose: Step = { who: SECRET, deed: { do: 'choose', device: null, status: 'dnd', message: 'On a roof' } }
  const after = [comes(SECRET), choose, ...steps(script.after, 4), comes(who), watch(true)]
  return {
    ...script,
    audience: 'watchers' as const,
    before: [comes(who), watch(false), inCity(watchSearch), ...steps(script.before, 2)].filter((step) =>
      isComparable(step, hiding),
    ),
    after: [
      ...after,
      { who, deed: { do: 'batch' as const, users: [SECRET] } },
      search,
      search,
      wait(EDGE_PASSED_MS),
      search,
    ].filter((step) => isUntold(step, hiding)),
  }
})

const isRelated = ({ before }: Script, viewer: string): boolean =>
  before.some(({ deed }) => deed.do === 'relate' && deed.viewer === viewer)

/** Each search waits for caches, so there is one, in the end. */
const UNPLAYABLE: ReadonlySet<string> = new Set(['hostList', 'work', 'outage', 'search', 'nextPage'])
const isPlayable = ({ deed }: Step): boolean => !UNPLAYABLE.has(deed.do)

function inCity(step: Step): Step {
  if (step.who !== null && step.deed.do === 'watchSearch') {
    return { who: step.who, deed: { ...step.deed, query: cityQuery(step.deed.query) } }
  }
  if (step.who === null && step.deed.do === 'wait') return wait(Math.min(step.deed.ms, 900))
  return step
}

const wait = (ms: number): Step => ({ who: null, deed: { do: 'wait', ms } })

const KEPT_PARAMETERS = new Set(['online_status', 'sort', 'limit'])
const cityQuery = (query: Query): Query => ({
  city_id: 'CITY',
  ...Object.fromEntries(Object.entries(query).filter(([name]) => KEPT_PARAMETERS.has(name))),
})

/**
 * What was told, in the parts of the script; moments, versions, tags and cursors by their order among all that were told in this world.
 * How long ago something was, and how old an answer, is the time that the machine took.
 */
function inOrder(transcript: Transcript, { ids }: Cast): Transcript {
  const named = transcript.map((one) => ({
    ...one,
    // In which step something arrives is up to the machine; in which order it does on a connection is not.
    step: 0,
    text: [...ids]
      .reduce((all, [part, id]) => all.replaceAll(id, part), one.text)
      .replaceAll(/"last_seen_text":"[^"]*"/g, '"last_seen_text":"#"')
      .replaceAll(/^(Age|Content-Length): \d+$/gm, '$1: #'),
  }))
  const values = (pattern: RegExp): string[] => named.flatMap(({ text }) => text.match(pattern) ?? [])
  const numbered = (kind: string, all: readonly string[]) => all.map((value, i) => [value, `${kind}${i}`] as const)
  const names = new Map(
    [
      numbered('moment', [...new Set(values(MOMENT))].toSorted()),
      numbered('stamp', [...new Set(values(STAMP))].toSorted()),
      numbered('tag', [...new Set(values(TAG))]),
      numbered('cursor', [...new Set(values(CURSOR))]),
    ].flat(),
  )
  const naming = (text: string, pattern: RegExp): string =>
    text.replaceAll(pattern, (value) => names.get(value) ?? value)
  return named.map((one) => ({ ...one, text: [CURSOR, TAG, MOMENT, STAMP].reduce(naming, one.text) }))
}

const MOMENT = /\d{4}-\d\d-\d\dT[\d:.]+Z/g
/** Milliseconds and versions, which are microseconds. */
const STAMP = /\b\d{13}(?:\d{3})?\b/g
const TAG = /(?<=ETag: )\S+/gi
const CURSOR = /(?<=cursor(?:=|":"))[\w-]+/g

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
