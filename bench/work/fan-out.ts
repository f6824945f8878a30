import type { Bench, Sample, Verdict } from '../bench.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import { personIds } from '../people.ts'
import type { Process } from '../processes/start-process.ts'
import type { ChangePlan } from '../servers/verbs.ts'
import type { BenchServer, ServerKind, World } from '../world.ts'
import { measureChanges } from './measure-changes.ts'

const WATCHED = 50
/** Far fewer than are watched: after a pause of the machine nobody may change twice before they were told of once. */
const BURST = 10
const WARM_UP_MS = 2_000

interface FanOut {
  readonly watchers: (quick: boolean) => number
  readonly forMs: (quick: boolean) => number
  readonly perSecond: number
  /** Most changes in one turn; a reference that writes at once gets them one by one. */
  readonly burst: number
  readonly awaitNetwork?: boolean
}

/** Everybody watches the same users, who come and go in turn. */
const fanOut =
  (kind: ServerKind, { watchers, forMs, ...pace }: FanOut) =>
  ({ quick, secret, withServer }: World): Promise<Sample> =>
    withServer(kind, async (server, load) => {
      const users = personIds('provider', WATCHED)
      const plan = { users, sequence: users.map((_, index) => index), ...pace }
      // Both ways, so that nobody has to be read from PostgreSQL while changes come at their pace.
      await server.call('setAll', users, true)
      await server.call('setAll', users, false)
      await connectWatchers(server, load, secret, watchers(quick), users)
      await measureChanges(server, load, plan, quick ? 500 : WARM_UP_MS)
      const { cpuMs, changes, tally, shareOfCore, loadShareOfCore } = await measureChanges(
        server,
        load,
        plan,
        forMs(quick),
      )
      return {
        cpuUsPerUpdate: (cpuMs * 1_000) / tally.updates,
        p50Ms: tally.p50Ms ?? Number.NaN,
        p99Ms: tally.p99Ms ?? Number.NaN,
        updates: tally.updates,
        missing: changes.made * watchers(quick) - tally.updates,
        updatesPerFrame: tally.updates / tally.frames,
        bytesPerUpdate: tally.bytes / tally.updates,
        changesPerSecond: (changes.made * 1_000) / forMs(quick),
        shareOfCore,
        loadShareOfCore,
        resyncs: tally.resyncs,
      }
    })

async function connectWatchers(
  { port, wire }: BenchServer,
  load: Process<LoadVerbs>,
  secret: string,
  count: number,
  watchable: ChangePlan['users'],
): Promise<void> {
  const everybody = watchable.map((_, index) => index)
  const users = personIds('client', count)
  await load.call('connect', { port, wire, secret, users, watchable, watches: [everybody], atOnce: 50 })
}

/** Without these a ratio means nothing. */
const SOUND: readonly Verdict[] = [
  { name: 'updates that did not arrive', of: 'missing', as: 'ours', unit: '', target: 0 },
  { name: 'clients told to read anew', of: 'resyncs', as: 'ours', unit: '', target: 0 },
  { name: 'load generator, share of a core', of: 'loadShareOfCore', as: 'ours', unit: '', target: 0.95 },
]

const saturated = {
  watchers: (quick: boolean) => (quick ? 500 : 2_000),
  forMs: (quick: boolean) => (quick ? 2_000 : 8_000),
  perSecond: 500,
}

export const b1: Bench = {
  id: 'b1',
  title: 'Fan-out, saturated',
  ours: { name: 'Porchlight', run: fanOut('porchlight', { ...saturated, burst: BURST }) },
  reference: { name: 'raw ws', run: fanOut('raw-ws', { ...saturated, burst: 1, awaitNetwork: true }) },
  verdicts: [
    { name: 'server CPU per delivered update', of: 'cpuUsPerUpdate', as: 'ratio', unit: '×', target: 0.22 },
    ...SOUND,
  ],
}

const calm = {
  watchers: (quick: boolean) => (quick ? 500 : 2_000),
  forMs: (quick: boolean) => (quick ? 4_000 : 10_000),
  perSecond: 10,
  burst: 1,
}

export const b2: Bench = {
  id: 'b2',
  title: 'Fan-out, calm',
  ours: { name: 'Porchlight', run: fanOut('porchlight', calm) },
  reference: { name: 'raw ws', run: fanOut('raw-ws', calm) },
  verdicts: [
    { name: 'server CPU per delivered update', of: 'cpuUsPerUpdate', as: 'ratio', unit: '×', target: 1.3, goal: 1.1 },
    { name: 'median delay beyond the reference', of: 'p50Ms', as: 'difference', unit: 'ms', target: 3 },
    ...SOUND,
  ],
}
