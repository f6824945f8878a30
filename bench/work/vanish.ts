import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Sample } from '../bench.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import { personIds } from '../people.ts'
import type { Process } from '../processes/start-process.ts'
import type { BenchServer, World } from '../world.ts'

const WATCHERS = 20
/** Of each kind: those of the node that is killed, those who vanish, those who stay. */
const CROWD = 50
const LOOK_EVERY_MS = 100
/** Far beyond what is promised. */
const LONGEST_MS = 60_000
/** Engine.IO's ping and the patience after it, by default. */
const SILENCE_S = 15
const GRACE_S = 10
const NODE_S = 10

type Clients = Process<LoadVerbs>

/** A node is killed, and clients of another fall silent, their connections still open. When has every watcher heard of everybody? */
const vanish = (world: World): Promise<Sample> =>
  world.withNodes(2, async ([first, second], watchers) => {
    if (!first || !second) throw new Error('Two nodes were wanted')
    const [ofKilled, silent, staying] = [await world.startLoad(), await world.startLoad(), await world.startLoad()]
    const kinds = [
      { clients: ofKilled, on: first },
      { clients: silent, on: second },
      { clients: staying, on: second },
    ]
    const watchable = personIds('client', kinds.length * CROWD)
    const watches = [watchable.map((_, position) => position)]
    const plan = { watchable, secret: world.secret, atOnce: 20 }
    const join = (clients: Clients, { port, wire }: BenchServer, users: readonly string[], watched: number[][]) =>
      clients.call('connect', { ...plan, port, wire, users, watches: watched, remember: true })
    await join(watchers, second, personIds('provider', WATCHERS), watches)
    for (const [kind, { clients, on }] of kinds.entries()) {
      await join(clients, on, watchable.slice(kind * CROWD, (kind + 1) * CROWD), [[]])
    }
    /** How many pairs of a watcher and somebody of this kind are wrong. */
    const wrong = (kind: number, present: boolean): Promise<number> =>
      watchers.call(
        'wrongAtTheEnd',
        watchable.map((_, position) => (Math.floor(position / CROWD) === kind ? present : null)),
      )
    await until(async () =>
      (await Promise.all(kinds.map((_, kind) => wrong(kind, true)))).every((pairs) => pairs === 0),
    )
    const since = performance.now()
    // A process that is stopped answers nothing, and the system keeps its connections.
    process.kill(silent.pid, 'SIGSTOP')
    await first.end()
    const toldOf = async (kind: number): Promise<number> => {
      await until(async () => (await wrong(kind, false)) === 0)
      return (performance.now() - since) / 1_000
    }
    const [killedS, silentS] = await Promise.all([toldOf(0), toldOf(1)])
    return { killedS, silentS, ghosts: (await wrong(0, false)) + (await wrong(1, false)), false: await wrong(2, true) }
  })

async function until(condition: () => Promise<boolean>): Promise<void> {
  const latest = performance.now() + LONGEST_MS
  while (!(await condition())) {
    if (performance.now() > latest) throw new Error('It was never heard of')
    await sleep(LOOK_EVERY_MS)
  }
}

/** Seconds of the design, as in B10; there is nothing to compare them with. */
export const b9: Bench = {
  id: 'b9',
  title: 'Vanished',
  stores: ['redis'],
  ours: { name: 'two nodes', run: vanish },
  reference: { name: 'none', run: async () => ({}) },
  verdicts: [
    { name: 'a node was killed: the last watcher knows', of: 'killedS', as: 'ours', unit: 's', target: NODE_S },
    { name: 'clients vanished: the last knows', of: 'silentS', as: 'ours', unit: 's', target: SILENCE_S + GRACE_S },
    { name: 'ghosts', of: 'ghosts', as: 'ours', unit: '', target: 0 },
    { name: 'others said to be gone', of: 'false', as: 'ours', unit: '', target: 0 },
  ],
}
