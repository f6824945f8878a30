import type { Bench, Sample } from '../bench.ts'
import { differentOnes, seededChance, zipf } from '../chance.ts'
import { personIds } from '../people.ts'
import type { ChangesMade } from '../servers/verbs.ts'
import type { ServerKind, World } from '../world.ts'
import { type Measured, measureChanges } from './measure-changes.ts'

const PROVIDERS = 10_000
const PAGE = 20
const FLIPS_PER_SECOND = 200
/** Flips that are drawn before the first is drawn again. */
const SEQUENCE = 100_000
/** Faster than what is measured: else the code of a flip is still interpreted when the measuring begins. */
const WARM_UP_PER_SECOND = 2_000

const viewers = (quick: boolean): number => (quick ? 200 : 1_000)

/** Viewers look at popular providers. Providers come and go whether anybody looks or not; then popular ones do so more often. */
const marketplace =
  (kind: ServerKind) =>
  (world: World): Promise<Sample> =>
    world.withServer(kind, async (server, load) => {
      const { quick, secret, say } = world
      const { port, wire } = server
      const watchable = personIds('provider', PROVIDERS)
      const users = personIds('client', viewers(quick))
      const popular = zipf(PROVIDERS, seededChance(1))
      const watches = users.map(() => differentOnes(PAGE, popular))
      say('providers come home')
      await server.call('setAll', watchable, true)
      await load.call('connect', { port, wire, secret, users, watchable, watches, atOnce: 20, remember: true })
      const forMs = quick ? 3_000 : 15_000
      const plan = { users: watchable, perSecond: FLIPS_PER_SECOND, burst: 50 }
      const anybody = { ...plan, sequence: anyProviders(seededChance(2)) }
      await measureChanges(server, load, { ...anybody, perSecond: WARM_UP_PER_SECOND }, quick ? 1_000 : 5_000)
      const evenly = await measureChanges(server, load, anybody, forMs)
      const wanted = deliveriesWanted(evenly.changes, watches)
      const wrongAfter = async ({ changes }: Measured): Promise<number> =>
        load.call(
          'wrongAtTheEnd',
          changes.present.map((present, provider) => (changes.times[provider] === 0 ? null : present)),
        )
      const wrong = await wrongAfter(evenly)
      const sequence = Array.from({ length: SEQUENCE }, zipf(PROVIDERS, seededChance(3)))
      const skewed = await measureChanges(server, load, { ...plan, sequence }, forMs)
      const wantedOfPopular = deliveriesWanted(skewed.changes, watches)
      return {
        cpuMsPer10s: (evenly.cpuMs * 10_000) / forMs,
        flips: evenly.changes.made,
        delivered: evenly.tally.updates,
        wanted,
        p50Ms: evenly.tally.p50Ms ?? Number.NaN,
        p99Ms: evenly.tally.p99Ms ?? Number.NaN,
        cpuMsPer10sOfPopular: (skewed.cpuMs * 10_000) / forMs,
        deliveredOfPopular: skewed.tally.updates,
        wantedOfPopular,
        beyondWanted: Math.max(0, evenly.tally.updates - wanted) + Math.max(0, skewed.tally.updates - wantedOfPopular),
        wrongAtTheEnd: wrong + (await wrongAfter(skewed)),
      }
    })

const anyProviders = (chance: () => number): number[] =>
  Array.from({ length: SEQUENCE }, () => Math.floor(chance() * PROVIDERS))

/** One for every viewer who looks at a provider that changed, every time. */
function deliveriesWanted({ times }: ChangesMade, watches: readonly (readonly number[])[]): number {
  return watches.flat().reduce((sum, provider) => sum + (times[provider] ?? 0), 0)
}

export const b6: Bench = {
  id: 'b6',
  title: 'Marketplace',
  ours: { name: 'Porchlight', run: marketplace('porchlight') },
  reference: { name: 'raw ws, a topic for each user', run: marketplace('raw-ws') },
  verdicts: [
    { name: 'server CPU, anybody flips', of: 'cpuMsPer10s', as: 'ratio', unit: '×', target: 1.4, goal: 1 },
    {
      name: 'server CPU, popular ones flip more',
      of: 'cpuMsPer10sOfPopular',
      as: 'ratio',
      unit: '×',
      target: 1.4,
      goal: 1,
    },
    { name: 'updates beyond those wanted', of: 'beyondWanted', as: 'ours', unit: '', target: 0 },
    { name: 'last states that did not arrive', of: 'wrongAtTheEnd', as: 'ours', unit: '', target: 0 },
  ],
}
