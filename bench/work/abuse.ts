import { setTimeout as sleep } from 'node:timers/promises'
import { type Abuse, ABUSES, type AbuserVerbs } from '../abuse/verbs.ts'
import type { Bench, Sample } from '../bench.ts'
import { differentOnes, seededChance } from '../chance.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import { personId, personIds } from '../people.ts'
import { type Process, startProcess } from '../processes/start-process.ts'
import type { BenchServer, World } from '../world.ts'
import { PAGE } from './arrive.ts'

const WATCHERS = 500
const PROVIDERS = 100
/** Each of them is heard by a fifth of the watchers. */
const CHANGES_PER_SECOND = 50
const ASKS_PER_SECOND = 500
const SETTLE_MS = 1_000

interface Delays {
  readonly deliveryMs: number
  readonly ackMs: number
}

/** Watchers watch and ask; whatever the abuser does meanwhile is begun by `meanwhile`. */
async function measure(
  server: BenchServer,
  load: Process<LoadVerbs>,
  forMs: number,
  meanwhile: () => Promise<unknown>,
): Promise<Delays> {
  const chance = seededChance(4)
  const sequence = Array.from({ length: 10_000 }, () => Math.floor(chance() * PROVIDERS))
  const plan = { users: personIds('provider', PROVIDERS), sequence, perSecond: CHANGES_PER_SECOND, burst: 10 }
  await load.call('reset')
  await server.call('startChanges', plan)
  const [asked] = await Promise.all([load.call('askInPace', ASKS_PER_SECOND, forMs), meanwhile()])
  const { failed } = await server.call('stopChanges')
  await sleep(SETTLE_MS)
  const { p99Ms, lost } = await load.call('tally')
  if (failed > 0 || lost > 0) throw new Error(`${failed} changes failed, ${lost} watchers lost their connection`)
  // Below a millisecond nothing is told apart.
  return { deliveryMs: Math.max(1, p99Ms ?? Number.NaN), ackMs: Math.max(1, asked.p99Ms) }
}

/** The same windows, one for each kind of abuse; without the abuser nothing happens in them. */
const watched =
  (isAbused: boolean) =>
  (world: World): Promise<Sample> =>
    world.withServer(
      'porchlight',
      async (server, load) => {
        const { secret, quick, say } = world
        const { port, wire } = server
        const watchable = personIds('provider', PROVIDERS)
        const users = personIds('client', WATCHERS)
        const chance = seededChance(3)
        const watches = users.map(() => differentOnes(PAGE, () => Math.floor(chance() * PROVIDERS)))
        await server.call('setAll', watchable, true)
        const crowd = { port, wire, secret, users, watchable, watches, atOnce: 10, addresses: true }
        await load.call('connect', crowd)
        const forMs = quick ? 2_000 : 10_000
        const abuser = await startProcess<AbuserVerbs>(new URL('../abuse/abuser.ts', import.meta.url))
        try {
          await measure(server, load, forMs, async () => {})
          const sample: Record<string, number> = {}
          for (const [n, abuse] of ABUSES.entries()) {
            say(isAbused ? `one client abuses us: ${abuse}` : 'nobody abuses us')
            // A user of its own each: the one before is still kept away.
            const plan = {
              abuse,
              port,
              secret,
              userId: personId('client', WATCHERS + n),
              users: personIds('provider', 10_000),
              forMs,
            }
            const attack = async (): Promise<void> => {
              const { sent, turnedAway } = await abuser.call('abuse', plan)
              Object.assign(sample, { [`${abuse}Sent`]: sent, [`${abuse}TurnedAway`]: turnedAway })
            }
            const delays = await measure(server, load, forMs, isAbused ? attack : async () => {})
            Object.assign(sample, delaysOf(abuse, delays))
          }
          return { ...sample, ...worstOf(sample) }
        } finally {
          await abuser.end()
        }
      },
      { PRESENCE_RATE_LIMIT: 'on', PRESENCE_GRACE_MS: '100' },
    )

const delaysOf = (abuse: Abuse, { deliveryMs, ackMs }: Delays): Sample => ({
  [`${abuse}DeliveryP99Ms`]: deliveryMs,
  [`${abuse}AckP99Ms`]: ackMs,
})

function worstOf(sample: Sample): Sample {
  const worst = (ending: string): number =>
    Math.max(...Object.entries(sample).flatMap(([name, value]) => (name.endsWith(ending) ? [value] : [])))
  return { worstDeliveryP99Ms: worst('DeliveryP99Ms'), worstAckP99Ms: worst('AckP99Ms') }
}

export const abuse: Bench = {
  id: 'abuse',
  title: 'One abusive client',
  ours: { name: 'Porchlight, abused', run: watched(true) },
  reference: { name: 'the same without the abuser', run: watched(false) },
  verdicts: [
    { name: 'p99 of a delivery, worst abuse', of: 'worstDeliveryP99Ms', as: 'ratio', unit: '×', target: 2 },
    { name: 'p99 of an acknowledgement, worst abuse', of: 'worstAckP99Ms', as: 'ratio', unit: '×', target: 2 },
  ],
}
