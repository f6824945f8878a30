import { seedProvider } from '../../demo/server/seed-people.ts'
import { seedPlaces } from '../../demo/server/seed-places.ts'
import { startNginx } from '../../test/support/nginx.ts'
import type { Bench, Sample } from '../bench.ts'
import { seededChance } from '../chance.ts'
import { type Asked, fetchBody } from '../load/requests.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import { type Process, startProcess } from '../processes/start-process.ts'
import type { ReadyMadeVerbs } from '../servers/ready-made.ts'
import type { BenchServer, World } from '../world.ts'
import { rowsOfOurs, rowsOfTutorial } from './rows-read.ts'

/** Providers of the three marketplaces. */
const sizes = (quick: boolean) =>
  quick
    ? ({ Small: 1_000, Middle: 3_000, Large: 10_000 } as const)
    : ({ Small: 10_000, Middle: 100_000, Large: 1_000_000 } as const)
type Size = keyof ReturnType<typeof sizes>

/** One in so many providers is present, spread over all cities. */
const PRESENT_EVERY = 20
const FLIPS_PER_SECOND = 200
const ACTIVITIES_PER_SECOND = 1_000
/** So many users share the activities; each is active once a second, and stored as rarely as the options say. */
const ACTIVE = 1_000
/** So many providers come and go. */
const FLIPPING = 10_000
const SERVICES = 16

/** The same question in both, in the words of the platform's design. */
const hotCity = seedPlaces()[0]?.id ?? 0
const PAGE = `/api/providers?city_id=${hotCity}&online_status=online`
const SERVICE_PAGES = Array.from({ length: SERVICES }, (_, n) => `${PAGE}&service_id=${n + 1}`)

interface Kind {
  readonly server: 'porchlight' | 'tutorial'
  rowsRead(databaseUrl: string, cityId: number): ReturnType<typeof rowsOfOurs>
  /** Whether it is measured behind a cache as well. */
  readonly isCached: boolean
}

const search =
  (kind: Kind) =>
  async (world: World): Promise<Sample> => {
    const samples: Sample[] = []
    for (const [size, providers] of Object.entries(sizes(world.quick)) as [Size, number][]) {
      samples.push(await world.onMarket(providers, (market) => searchIn(kind, market, size, providers)))
    }
    const all = Object.assign({}, ...samples) as Record<string, number>
    return { ...all, growth: (all['p50MsLarge'] ?? Number.NaN) / (all['p50MsSmall'] ?? Number.NaN) }
  }

const searchIn = (kind: Kind, market: World, size: Size, providers: number): Promise<Sample> =>
  market.withServer(kind.server, async (server, load) => {
    const { quick, say, databaseUrl } = market
    const ids = Array.from({ length: providers }, (_, index) => index)
    const present = ids.filter((index) => index % PRESENT_EVERY === 0).map(idOf)
    say(`${present.length.toLocaleString('en')} of ${providers.toLocaleString('en')} providers come`)
    await server.call('setAll', present, true)
    const floor = await startProcess<ReadyMadeVerbs>(new URL('../servers/ready-made.ts', import.meta.url))
    try {
      const ready = await floor.call('start', await fetchBody(server.port, PAGE))
      const targets = [
        { port: ready, paths: ['/'] },
        { port: server.port, paths: [PAGE] },
        { port: server.port, paths: SERVICE_PAGES },
      ]
      const stop = await startWrites(server, present, providers)
      await load.call('ask', { targets, forMs: quick ? 1_500 : 5_000 })
      say(`searching among ${providers.toLocaleString('en')}`)
      const [bare, page, service] = await load.call('ask', { targets, forMs: quick ? 3_000 : 15_000 })
      const isLargest = size === 'Large'
      const cached = kind.isCached && isLargest ? await askCache(server, load, quick) : {}
      const made = await stop()
      const read = await kind.rowsRead(databaseUrl, hotCity)
      return {
        ...cached,
        ...(isLargest && made),
        ...named(size, { bare, page, service }),
        [`rowsRead${size}`]: read.rows,
        [`pagesRead${size}`]: read.pages,
        [`planningMs${size}`]: read.planningMs,
        [`executionMs${size}`]: read.executionMs,
      }
    } finally {
      await floor.end()
    }
  })

const idOf = (index: number): string => seedProvider(index).id

/** Half of those who come and go are there at first. @returns what stops them, and says how many there were a second */
async function startWrites(server: BenchServer, present: readonly string[], providers: number) {
  const step = PRESENT_EVERY / 2
  const users = Array.from({ length: Math.min(FLIPPING, providers / step) }, (_, n) => idOf(n * step))
  const chance = seededChance(7)
  const sequence = Array.from({ length: 100_000 }, () => Math.floor(chance() * users.length))
  await server.call('startChanges', { users, sequence, perSecond: FLIPS_PER_SECOND, burst: 50 })
  await server.call('startActivities', present.slice(-ACTIVE), ACTIVITIES_PER_SECOND)
  const since = performance.now()
  return async (): Promise<Sample> => {
    const seconds = (performance.now() - since) / 1_000
    const [{ made, failed }, activities] = await Promise.all([
      server.call('stopChanges'),
      server.call('stopActivities'),
    ])
    if (failed > 0) throw new Error(`${failed} of ${made} changes failed`)
    return { flipsPerSecond: made / seconds, activitiesPerSecond: activities / seconds }
  }
}

/** The same page from nginx with the files of deploy/nginx, asked for by somebody who waits a little in between. */
async function askCache(server: BenchServer, load: Process<LoadVerbs>, quick: boolean): Promise<Sample> {
  const proxy = await load.call('stampAnswers', server.port)
  const nginx = await startNginx('websocket-only', [`http://127.0.0.1:${proxy}`], { cachesSearches: true })
  try {
    const targets = [{ port: Number(new URL(nginx.url).port), paths: [PAGE] }]
    await load.call('ask', { targets, forMs: 500, pauseMs: 1 })
    const [edge] = await load.call('ask', { targets, forMs: quick ? 4_000 : 15_000, pauseMs: 1 })
    if (!edge) throw new Error('Nobody asked the cache')
    return {
      cachedP50Ms: edge.p50Ms,
      cachedP99Ms: edge.p99Ms,
      cachedAgeP50Ms: edge.ageP50Ms,
      cachedAgeP99Ms: edge.ageP99Ms,
      cachedAgeMaxMs: edge.ageMaxMs,
      cachedShare: edge.fromCache,
    }
  } finally {
    await nginx.stop()
  }
}

function named(size: Size, asked: Readonly<Record<'bare' | 'page' | 'service', Asked | undefined>>): Sample {
  const { bare, page, service } = asked
  if (!bare || !page || !service) throw new Error('Nobody was asked')
  return {
    [`p50Ms${size}`]: page.p50Ms,
    [`p99Ms${size}`]: page.p99Ms,
    [`ofServiceP50Ms${size}`]: service.p50Ms,
    [`ofServiceP99Ms${size}`]: service.p99Ms,
    [`floorP50Ms${size}`]: bare.p50Ms,
    [`floorP99Ms${size}`]: bare.p99Ms,
    [`overFloor${size}`]: page.p50Ms / bare.p50Ms,
    [`bytes${size}`]: page.bytes,
    [`searches${size}`]: page.count,
  }
}

export const b7: Bench = {
  id: 'b7',
  title: 'Search among a million',
  ours: {
    name: 'Porchlight',
    run: search({ server: 'porchlight', rowsRead: rowsOfOurs, isCached: true }),
  },
  reference: {
    name: 'three indexes and an UPDATE each',
    run: search({ server: 'tutorial', rowsRead: rowsOfTutorial, isCached: false }),
  },
  verdicts: [
    {
      name: 'uncached, median, times a ready-made answer',
      of: 'overFloorLarge',
      as: 'ours',
      unit: '×',
      target: 5,
      goal: 2.5,
    },
    { name: 'uncached, median', of: 'p50MsLarge', as: 'ratio', unit: '×', target: 1 / 15 },
    { name: 'uncached, median, a million beside ten thousand', of: 'growth', as: 'ours', unit: '×', target: 1.5 },
    { name: 'from nginx, age of 99 in 100 answers', of: 'cachedAgeP99Ms', as: 'ours', unit: 'ms', target: 1_000 },
  ],
}
