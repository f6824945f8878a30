import type { Bench, Sample } from '../bench.ts'
import { differentOnes, seededChance, zipf } from '../chance.ts'
import { personIds } from '../people.ts'
import type { ChangesMade } from '../servers/verbs.ts'
import type { ServerKind, World } from '../world.ts'
import { measureChanges } from './measure-changes.ts'

const PROVIDERS = 10_000
const PAGE = 20
const FLIPS_PER_SECOND = 200
/** Faster than what is measured: else the code of a flip is still interpreted when the measuring begins. */
const WARM_UP_PER_SECOND = 2_000

const viewers = (quick: boolean): number => (quick ? 200 : 1_000)

/** Viewers look at popular providers; providers come and go whether anybody looks or not. */
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
      const chance = seededChance(2)
      const sequence = Array.from({ length: 100_000 }, () => Math.floor(chance() * PROVIDERS))
      const plan = { users: watchable, sequence, perSecond: FLIPS_PER_SECOND, burst: 50 }
      await measureChanges(server, load, { ...plan, perSecond: WARM_UP_PER_SECOND }, quick ? 1_000 : 5_000)
      const { cpuMs, changes, tally } = await measureChanges(server, load, plan, quick ? 3_000 : 20_000)
      const wanted = deliveriesWanted(changes, watches)
      const expected = changes.present.map((present, provider) => (changes.times[provider] === 0 ? null : present))
      return {
        cpuMsPer10s: (cpuMs * 10_000) / (quick ? 3_000 : 20_000),
        flips: changes.made,
        delivered: tally.updates,
        wanted,
        beyondWanted: tally.updates - wanted,
        wrongAtTheEnd: await load.call('wrongAtTheEnd', expected),
        p50Ms: tally.p50Ms ?? Number.NaN,
        p99Ms: tally.p99Ms ?? Number.NaN,
      }
    })

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
    { name: 'server CPU', of: 'cpuMsPer10s', as: 'ratio', unit: '×', target: 1.4, goal: 1 },
    { name: 'updates beyond those wanted', of: 'beyondWanted', as: 'ours', unit: '', target: 0 },
    { name: 'last states that did not arrive', of: 'wrongAtTheEnd', as: 'ours', unit: '', target: 0 },
  ],
}
