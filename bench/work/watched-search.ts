import { setTimeout as sleep } from 'node:timers/promises'
import { seedMember, seedProvider } from '../../demo/server/seed-people.ts'
import { seedPlaces } from '../../demo/server/seed-places.ts'
import type { Bench, Sample } from '../bench.ts'
import { seededChance } from '../chance.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import type { Process } from '../processes/start-process.ts'
import type { BenchServer, World } from '../world.ts'

const PROVIDERS = 10_000
/** One in so many is present at first. */
const PRESENT_EVERY = 20
/** Changes of people in the city that is searched. */
const FLIPS_PER_SECOND = 20
/** How often whoever polls asks: five times as rarely as a watched search may be computed. */
const POLL_EVERY_MS = 5_000
const SETTLE_MS = 1_500

const watchers = (quick: boolean): number => (quick ? 200 : 1_000)
const duration = (quick: boolean): number => (quick ? 5_000 : 20_000)

const QUERY = { city_id: String(seedPlaces()[0]?.id ?? 0), online_status: 'online', limit: '20' }
const PATH = `/api/providers?${new URLSearchParams(QUERY)}`

/** What a crowd costs, beyond what the same changes cost without it. */
type Crowd = (server: BenchServer, load: Process<LoadVerbs>, world: World, flip: Flip) => Promise<Sample>
/** Lets people come and go while this is done. @returns CPU of the server and how long it was */
type Flip = (meanwhile: (forMs: number) => Promise<unknown>) => Promise<{ cpuMs: number; seconds: number }>

const crowd =
  (attend: Crowd) =>
  (world: World): Promise<Sample> =>
    world.onMarket(PROVIDERS, (market) =>
      market.withServer('porchlight', async (server, load) => {
        const people = Array.from({ length: PROVIDERS }, (_, index) => seedProvider(index))
        const present = people.filter((_, index) => index % PRESENT_EVERY === 0).map(({ id }) => id)
        await server.call('setAll', present, true)
        const flip = flipper(
          server,
          people.filter(({ city }) => city === 0).map(({ id }) => id),
          world.quick,
        )
        return attend(server, load, market, flip)
      }),
    )

function flipper(server: BenchServer, users: readonly string[], quick: boolean): Flip {
  const chance = seededChance(11)
  // Of the same ones, so that as many come as go.
  const sequence = Array.from({ length: 10_000 }, () => Math.floor(chance() * 200))
  return async (meanwhile) => {
    const before = await server.cpuMs()
    const since = performance.now()
    await server.call('startChanges', { users, sequence, perSecond: FLIPS_PER_SECOND, burst: 20 })
    await meanwhile(duration(quick))
    await server.call('stopChanges')
    // Until the last of them is stored, searched for and told.
    await sleep(SETTLE_MS)
    return { cpuMs: (await server.cpuMs()) - before, seconds: (performance.now() - since) / 1_000 }
  }
}

const watch: Crowd = async (server, load, { secret, quick }, flip) => {
  const users = Array.from({ length: watchers(quick) }, (_, n) => seedMember('client', n).id)
  const { port, wire } = server
  await load.call('connect', { port, wire, secret, users, watchable: [], watches: [[]], atOnce: 20 })
  await sleep(SETTLE_MS)
  await flip(sleep)
  const alone = await flip(sleep)
  const memoryBefore = await server.memory()
  await load.call('watchSearch', QUERY)
  await sleep(SETTLE_MS)
  const memory = await server.memory()
  await load.call('reset')
  const watched = await flip(sleep)
  const { frames, bytes, resyncs, lost } = await load.call('tally')
  if (lost > 0) throw new Error(`${lost} connections were lost meanwhile`)
  const cpuMs = watched.cpuMs - alone.cpuMs
  const diffs = frames / users.length
  return {
    cpuMsPer10s: (cpuMs * 10) / watched.seconds,
    cpuMsPerChange: cpuMs / diffs,
    framesPerWatcherSecond: diffs / watched.seconds,
    bytesPerWatcherSecond: bytes / users.length / watched.seconds,
    heapKbPerWatcher: (memory.heapKb - memoryBefore.heapKb) / users.length,
    resyncs,
  }
}

const pollAll: Crowd = async (server, load, { quick }, flip) => {
  const clients = watchers(quick)
  await flip(sleep)
  const alone = await flip(sleep)
  const plan = { port: server.port, path: PATH, clients, everyMs: POLL_EVERY_MS }
  await load.call('poll', { ...plan, forMs: POLL_EVERY_MS })
  let bytes = 0
  const polled = await flip(async (forMs) => {
    ;({ bytes } = await load.call('poll', { ...plan, forMs }))
  })
  return {
    cpuMsPer10s: ((polled.cpuMs - alone.cpuMs) * 10) / polled.seconds,
    bytesPerWatcherSecond: bytes / clients / polled.seconds,
  }
}

export const b12: Bench = {
  id: 'b12',
  title: 'One search, 1,000 watchers',
  ours: { name: 'watched', run: crowd(watch) },
  reference: { name: 'asked for every 5 s by each', run: crowd(pollAll) },
  verdicts: [
    {
      name: 'server CPU beyond that of the changes',
      of: 'cpuMsPer10s',
      as: 'ratio',
      unit: '×',
      target: 0.2,
      goal: 0.1,
    },
    { name: 'heap per watcher', of: 'heapKbPerWatcher', as: 'ours', unit: 'KB', target: 2 },
    { name: 'frames a second to each watcher', of: 'framesPerWatcherSecond', as: 'ours', unit: '', target: 7 },
    { name: 'clients told to read anew', of: 'resyncs', as: 'ours', unit: '', target: 0 },
  ],
}
