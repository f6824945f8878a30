import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Sample } from '../bench.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import { personIds } from '../people.ts'
import type { Process } from '../processes/start-process.ts'
import type { BenchServer, World } from '../world.ts'
import { awaitQuiet } from './measure-changes.ts'
import { arrive, type Arrival, bringHome, warmUp } from './arrive.ts'

/** Longer than they are away. */
const GRACE_MS = 120_000
/** What one connection may watch. */
const MOST_WATCHED = 2_000
/** Users whom nobody else needs, to watch with. */
const WATCHERS_FROM = 20_000
const LOST_WITHIN_MS = 2_000
const BACK_WITHIN_MS = 30_000

const crowd = (quick: boolean): number => (quick ? 500 : 5_000)

async function arriveOnce(
  world: World,
  server: BenchServer,
  load: Process<LoadVerbs>,
): Promise<{ from: number; watchable: string[]; arrival: Arrival }> {
  const watchable = await bringHome(server, 'porchlight')
  const from = await warmUp(server, load, world, watchable)
  const arrival = await arrive(server, load, world, { from, count: crowd(world.quick), watchable })
  return { from, watchable, arrival }
}

/** All lose their connection within seconds, as when a network fails, and are back as soon as they can. */
const storm = (world: World): Promise<Sample> =>
  world.withServer(
    'porchlight',
    async (server, load) => {
      const { from, watchable } = await arriveOnce(world, server, load)
      const count = crowd(world.quick)
      const watchers = await world.startLoad()
      const watching = await watchAll(server, watchers, world, personIds('client', count, from))
      await watchers.call('reset')
      const before = await server.cpuMs()
      const since = performance.now()
      await load.call('disconnect', 'abrupt', LOST_WITHIN_MS)
      const back = await arrive(server, load, world, { from, count, watchable })
      const awayMs = performance.now() - since
      const cpuMs = (await server.cpuMs()) - before
      await sleep(1_000)
      const news = await awaitQuiet(watchers)
      if (awayMs > BACK_WITHIN_MS) throw new Error(`The load generator took ${Math.round(awayMs)} ms to be back`)
      if (watching !== Math.ceil(count / MOST_WATCHED) || news.lost > 0) throw new Error('Not everybody was watched')
      return { cpuMsPerClient: cpuMs / count, cpuMsReturning: back.cpuMs, awayMs, news: news.updates }
    },
    { PRESENCE_GRACE_MS: `${GRACE_MS}`, PRESENCE_MOBILE_GRACE_MS: `${GRACE_MS}` },
  )

async function watchAll(
  { port, wire }: BenchServer,
  watchers: Process<LoadVerbs>,
  { secret }: World,
  watchable: readonly string[],
): Promise<number> {
  const count = Math.ceil(watchable.length / MOST_WATCHED)
  const watches = Array.from({ length: count }, (_, part) =>
    watchable.map((__, position) => position).slice(part * MOST_WATCHED, (part + 1) * MOST_WATCHED),
  )
  const users = personIds('client', count, WATCHERS_FROM)
  return watchers.call('connect', { port, wire, secret, users, watchable, watches, atOnce: 1 })
}

/** The same clients, arriving for the first time. */
const first = (world: World): Promise<Sample> =>
  world.withServer('porchlight', async (server, load) => {
    const { arrival } = await arriveOnce(world, server, load)
    return { cpuMsPerClient: arrival.cpuMs }
  })

export const b11: Bench = {
  id: 'b11',
  title: 'Storm',
  ours: { name: 'lost and back', run: storm },
  reference: { name: 'a first connection', run: first },
  verdicts: [
    { name: 'server CPU per client', of: 'cpuMsPerClient', as: 'ratio', unit: '×', target: 1.5 },
    { name: 'news to watchers', of: 'news', as: 'ours', unit: '', target: 0 },
  ],
}
