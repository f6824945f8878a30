import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type CuttableProxy, startCuttableProxy } from '../support/cuttable-proxy.ts'
import { eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { startNginx, type TestNginx } from '../support/nginx.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { startWitness, type Witness } from '../support/witness.ts'

/** The option edgeMaxAgeMs: after it an answer is given out by nobody. */
const EDGE_MS = 3_000
/** What nginx says of an answer that it gave out itself. */
const FROM_CACHE = new Set(['HIT', 'STALE', 'UPDATING', 'REVALIDATED'])

interface EdgeAnswer {
  readonly sentAt: number
  readonly status: number
  readonly cache: string | null
  readonly headers: Headers
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any
}

/** What every search that is sent from then on has to contain. */
interface Truth {
  readonly at: number
  readonly asOf: number
}

describe('nginx that caches searches, in front of two nodes', () => {
  let database: TestDatabase
  let way: CuttableProxy
  let nodes: Marketplace[] = []
  let witnesses: Witness[] = []
  let edge: TestNginx
  let cityId = 0
  let people: Person[] = []
  let onlineInCity: string

  beforeAll(async () => {
    database = await createTestDatabase({ marketplace: true })
    const address = new URL(database.url)
    way = await startCuttableProxy(Number(address.port))
    address.port = String(way.port)
    const world = { database: { ...database, url: address.href }, clock: () => Date.now() }
    const env = {
      REDIS_URL: inject('redisUrl'),
      PRESENCE_REDIS_PREFIX: `test-${randomUUID()}`,
      PRESENCE_EDGE_MAX_AGE_MS: String(EDGE_MS),
      PRESENCE_LAST_RESULTS_MS: '0',
      // A busy machine is no outage.
      PRESENCE_STORE_TIMEOUT_MS: '2000',
      PRESENCE_BREAKER_COOLDOWN_MS: '100',
      PRESENCE_RATE_LIMIT: 'off',
      LOG_LEVEL: 'silent',
    }
    nodes = [await startMarketplace(env, world), await startMarketplace(env, world)]
    witnesses = await Promise.all(nodes.map(({ url }) => startWitness(url)))
    edge = await startNginx(
      'websocket-only',
      witnesses.map(({ url }) => url),
      { cachesSearches: true },
    )
    await connectPeople()
  })
  afterAll(async () => {
    await edge?.stop()
    await Promise.all([...witnesses.map((witness) => witness.stop()), ...nodes.map((node) => node.stop())])
    await way?.stop()
    await database?.drop()
  })

  /** Ten people of one city, connected to both nodes by turns, whom a search finds. */
  async function connectPeople(): Promise<void> {
    const { status, body } = await node(0).http('/api/providers?limit=100')
    expect({ status, body }).toMatchObject({ status: 200 })
    const cities = new Map<number, { id: string; name: string }[]>()
    for (const { id, name, city_id } of body.providers)
      cities.set(city_id, [...(cities.get(city_id) ?? []), { id, name }])
    const [largest] = [...cities].toSorted(([, a], [, b]) => b.length - a.length)
    if (!largest) throw new Error('nobody is there')
    cityId = largest[0]
    for (const [i, { id, name }] of largest[1].slice(0, 10).entries()) {
      const login = await node(0).http('/api/demo/login', { method: 'POST', json: { user_id: id } })
      const person = { id, name, token: login.body.token as string }
      await node(i % 2).connect(person)
      people.push(person)
    }
    onlineInCity = `city_id=${cityId}&limit=100&online_status=online,away,dnd`
    await eventually(
      () => node(0).http(`/api/providers?${onlineInCity}`),
      (answer) => answer.body.providers.length === people.length,
    )
  }

  function node(i: number): Marketplace {
    const found = nodes[i]
    if (!found) throw new Error('no such node')
    return found
  }

  async function ask(query: string, headers: Record<string, string> = {}): Promise<EdgeAnswer> {
    const sentAt = performance.now()
    const response = await fetch(`${edge.url}/api/providers?${query}`, { headers })
    const text = await response.text()
    return {
      sentAt,
      status: response.status,
      cache: response.headers.get('x-cache'),
      headers: response.headers,
      body: text === '' ? null : JSON.parse(text),
    }
  }

  const settings = (person: Person, visible: boolean, i = 0) =>
    node(i).http('/api/users/presence/settings', { method: 'PATCH', as: person, json: { show_online_status: visible } })

  const asked = () => witnesses.flatMap(({ seen }) => seen).filter(({ path }) => path.startsWith('/api/providers'))
  /** How old an answer can be: what nodes allow, and what it took to reach nginx. */
  const oldest = () => EDGE_MS + Math.max(...asked().map(({ tookMs }) => tookMs))

  /** Nothing changes any more, and until now nothing older than that is given out. */
  async function untilQuiet(): Promise<void> {
    const counts = async () => (await node(0).http(`/api/providers?${onlineInCity}`)).body.counts
    await eventually(counts, ({ online, away, dnd }) => online + away + dnd === people.length)
    const quietAt = performance.now()
    await eventually(
      async () => performance.now() - quietAt,
      (passed) => passed > oldest(),
    )
  }

  /** Changes what people are, one change after the other, and notes what each search has to contain from then on. */
  function churn(): { readonly truths: readonly Truth[]; stop(): Promise<void> } {
    const truths: Truth[] = []
    const state = { isOver: false }
    const flip = async (): Promise<void> => {
      for (let i = 0; !state.isOver; i += 1) {
        const person = people[i % people.length]
        const status = ['away', 'dnd', 'online'][Math.floor(i / people.length) % 3]
        const changed = await node(i % 2).http('/api/users/presence/status', {
          method: 'PATCH',
          ...(person && { as: person }),
          json: { status },
        })
        expect(changed.status).toBe(200)
        const direct = await node((i + 1) % 2).http(`/api/providers?${onlineInCity}`)
        truths.push({ at: performance.now(), asOf: Date.parse(direct.body.as_of) })
      }
    }
    const flipping = flip()
    return {
      truths,
      stop: async () => {
        state.isOver = true
        await flipping
      },
    }
  }

  test('R31 under churn nodes are asked rarely, and no answer is older than they allow', {
    timeout: 120_000,
  }, async () => {
    const queries = [onlineInCity, `city_id=${cityId}&limit=7`, `city_id=${cityId}&sort=rating`, `city_id=${cityId}`]
    const { truths, stop } = churn()
    const answers: (EdgeAnswer & { query: string })[] = []
    const before = asked().length
    const startedAt = performance.now()
    const reader = async (): Promise<void> => {
      // Long enough for what is too old to be given out all the same.
      for (let i = 0; i < 500 || performance.now() < startedAt + 3 * EDGE_MS; i += 1) {
        const query = queries[i % queries.length] ?? ''
        answers.push({ ...(await ask(query)), query })
      }
    }
    await Promise.all([1, 2, 3, 4].map(reader))
    await stop()

    const askedOfNodes = asked().length - before
    const hits = answers.filter(({ cache }) => FROM_CACHE.has(cache ?? ''))
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    expect(hits.length / answers.length).toBeGreaterThan(0.9)
    // Including those that nginx sent by itself while it gave out the old one.
    expect(askedOfNodes / answers.length).toBeLessThan(0.1)
    const bound = oldest()
    const due = answers.flatMap((answer) => {
      const truth = truths.findLast(({ at }) => at <= answer.sentAt - bound)
      return truth ? [{ ...answer, asOf: truth.asOf }] : []
    })
    for (const { body, asOf, query } of due) expect(Date.parse(body.as_of), query).toBeGreaterThanOrEqual(asOf)
    // It was about something.
    expect(due.length).toBeGreaterThan(100)
    expect(new Set(due.map(({ asOf }) => asOf)).size).toBeGreaterThan(10)
    for (const { body, query } of answers) {
      expect(body.providers.every((card: { city_id: number }) => card.city_id === cityId)).toBe(true)
      expect(body.providers.length).toBeLessThanOrEqual(Number(new URLSearchParams(query).get('limit') ?? 20))
    }
  })

  test('R32 whoever hides is gone from the edge within the time that is stated, asked for or not', {
    timeout: 60_000,
  }, async () => {
    const [asked1, unasked] = people
    if (!asked1 || !unasked) throw new Error('nobody')
    const quiet = `city_id=${cityId}&limit=99&online_status=online,away,dnd`
    for (const [i, person] of [asked1, unasked].entries()) {
      const shows = ({ body }: EdgeAnswer) => body.providers.some(({ id }: { id: string }) => id === person.id)
      await eventually(() => ask(onlineInCity), shows)
      await eventually(() => ask(quiet), shows)
      expect(await settings(person, false, i % 2)).toMatchObject({ status: 200 })
      const hiddenAt = performance.now()
      const answers: EdgeAnswer[] = []
      // Longer than it may take, so that a cache that forgot to forget is caught.
      while (performance.now() < hiddenAt + oldest() + 1_000) answers.push(await ask(onlineInCity))
      const last = answers.findLast(shows)
      expect((last?.sentAt ?? hiddenAt) - hiddenAt).toBeLessThanOrEqual(oldest())
      expect(answers.at(-1)?.body.counts).toEqual((await node(0).http(`/api/providers?${onlineInCity}`)).body.counts)
      // Nobody asked for this one meanwhile: what lay there is too old to be given out even once.
      expect(shows(await ask(quiet))).toBe(false)
      await settings(person, true)
    }
  })

  test('R31 no query is answered with what another one found, however it is written', async () => {
    const plain = [
      '',
      `city_id=${cityId}`,
      `city_id=${cityId}&limit=2`,
      `city_id=${cityId + 1}&limit=2`,
      `limit=2&city_id=${cityId}`,
      `limit=2&utm_source=x&city_id=${cityId}&page=3`,
      'name=an&limit=5',
      'name=an%26limit=1',
      'name=an%26limit%3D1',
      `service_id=${cityId}`,
      'min_price=20&max_price=60',
      'max_price=20',
      'sort=rating&limit=3',
      'sort=price&limit=3',
      'online_status=offline&limit=4',
      'last_seen=1h&limit=4',
      'active_within=1h&limit=4',
      'min_rating=4.5&limit=3',
      'max_rating=4.5&limit=3',
    ]
    const odd = [
      'limit=2&limit=3',
      'limit=3&x=1&limit=2',
      'LIMIT=2',
      'Limit=2&limit=3',
      'limit=3&Limit=2',
      'l%69mit=2',
      'limit=',
      'limit',
      'limit&city_id=1',
      'city_id=1&city_id',
      'limit[]=2',
      'limit[x]=2&limit=3',
      'limit+=2',
      '=2&limit=3',
      '&&limit=3&',
      'sort=nothing',
      'cursor=',
      'cursor=abc',
    ]
    await untilQuiet()
    const said = ({ status, body }: Pick<EdgeAnswer, 'status' | 'body'>) => ({ status, body })
    const direct = new Map<string, unknown>()
    for (const query of [...plain, ...odd]) direct.set(query, said(await node(0).http(`/api/providers?${query}`)))
    expect(new Set([...direct.values()].map((answer) => JSON.stringify(answer))).size).toBeGreaterThan(15)
    // In this order and in the other, so that each comes before and after every other.
    for (const query of [...plain, ...odd, ...[...odd, ...plain].toReversed()]) {
      expect(said(await ask(query)), query).toEqual(direct.get(query))
    }
    const one = await ask(`city_id=${cityId}&limit=2&utm_source=mail`)
    const other = await ask(`limit=2&city_id=${cityId}&fbclid=1`)
    expect(FROM_CACHE.has(other.cache ?? '')).toBe(true)
    expect(other.body).toEqual(one.body)
  })

  test('R33 what is asked with a token is neither answered from the cache nor kept, and private paths never are', async () => {
    const [ana, ben] = people
    if (!ana || !ben) throw new Error('nobody')
    const query = `city_id=${cityId}&limit=13`
    const authorization = `Bearer ${ana.token}`
    expect(await ask(query, { authorization })).toMatchObject({ status: 200, cache: 'BYPASS' })
    expect(await ask(query)).toMatchObject({ status: 200, cache: 'MISS' })
    expect(await ask(query, { authorization })).toMatchObject({ status: 200, cache: 'BYPASS' })
    await settings(ben, false)
    for (const [person, visible] of [
      [ana, true],
      [ben, false],
      [ana, true],
    ] as const) {
      const answer = await fetch(`${edge.url}/api/users/presence/settings`, {
        headers: { authorization: `Bearer ${person.token}` },
      })
      expect(await answer.json()).toMatchObject({ show_online_status: visible })
      expect(answer.headers.get('cache-control')).toBe('private, no-store')
      expect(answer.headers.get('vary')).toMatch(/Authorization/i)
      expect(answer.headers.get('x-cache')).toBeNull()
    }
    await settings(ben, true)
  })

  test('R32 caches behind it have to ask, and are told when nothing changed', async () => {
    const query = `city_id=${cityId}&limit=17`
    const answer = await ask(query)
    expect(answer.headers.get('cache-control')).toBe('public, no-cache')
    expect(answer.headers.get('surrogate-key')).toBeNull()
    const tag = answer.headers.get('etag') ?? ''
    expect(await ask(query, { 'if-none-match': tag, 'cache-control': 'max-age=0' })).toMatchObject({
      status: 304,
      body: null,
    })
    const head = await fetch(`${edge.url}/api/providers?${query}`, { method: 'HEAD' })
    expect(head.headers.get('etag')).toBe(tag)
    expect(await head.text()).toBe('')
    // Nodes are asked by the tag, too.
    await eventually(
      async () => {
        await ask(query)
        return asked().filter(({ path, status }) => status === 304 && path.includes('limit=17'))
      },
      (compared) => compared.length > 0,
    )
  })

  test('R50 a refusal is never kept, and hides what is there for no longer than is stated', {
    timeout: 60_000,
  }, async () => {
    const known = `city_id=${cityId}&limit=19`
    expect(await ask(known)).toMatchObject({ status: 200 })
    way.cut()
    const cutAt = performance.now()
    const unknown = `city_id=${cityId}&limit=18`
    for (let i = 0; i < 3; i += 1) {
      const refused = await ask(unknown)
      expect(refused).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } })
      expect(FROM_CACHE.has(refused.cache ?? '')).toBe(false)
      expect(refused.headers.get('cache-control')).toBe('no-store')
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    // What is there is given out while nodes refuse, and not for ever.
    const answers: EdgeAnswer[] = []
    await eventually(
      async () => {
        const answer = await ask(known)
        answers.push(answer)
        return answer
      },
      ({ status }) => status === 503,
    )
    expect(answers.map(({ cache }) => cache)).toContain('STALE')
    expect((answers.findLast(({ status }) => status === 200)?.sentAt ?? cutAt) - cutAt).toBeLessThanOrEqual(oldest())
    way.mend()
    // The first answer of a node that answers again is the one that is given out.
    const direct = () => node(0).http(`/api/providers?${unknown}`)
    await eventually(direct, ({ status }) => status === 200)
    await eventually(
      () => node(1).http(`/api/providers?${unknown}`),
      ({ status }) => status === 200,
    )
    expect(await ask(unknown)).toMatchObject({ status: 200 })
    expect(await ask(known)).toMatchObject({ status: 200 })
  })
})
