import { setTimeout as sleep } from 'node:timers/promises'
import { personIds } from './people.ts'
import { alignColumns, number } from './report/table.ts'
import { slope, upperDecile } from './statistics.ts'
import type { World } from './world.ts'

/** One look at the memory of the server, after a collection of garbage. */
interface Look {
  readonly minute: number
  readonly rssKb: number
  readonly heapKb: number
}

export interface SoakOutcome {
  readonly looks: readonly Look[]
  readonly visits: number
  /** The last third over the second, by their upper decile: resident memory swings with every collection, a leak lifts its peaks. */
  readonly growth: { readonly rssKb: number; readonly heapKb: number }
  readonly slopeKbPerMinute: { readonly rssKb: number; readonly heapKb: number }
  readonly flat: boolean
}

const SEATS = 2_000
const USERS = 6_000
const PROVIDERS = 1_000
const FLIPS_PER_SECOND = 50
const LOOKS = 60
/** The last third of the time may lie this much above the second. */
const FLAT = 1.05

/** Lets clients come, look around and leave for minutes, and watches the server's memory. */
export function soak(world: World, minutes: number): Promise<SoakOutcome> {
  const forMs = minutes * 60_000
  const seats = world.quick ? SEATS / 10 : SEATS
  return world.withServer('porchlight', async (server, load) => {
    const { port, wire } = server
    const watchable = personIds('provider', PROVIDERS)
    await server.call('setAll', watchable, true)
    const sequence = watchable.map((_, index) => index)
    await server.call('startChanges', { users: watchable, sequence, perSecond: FLIPS_PER_SECOND, burst: 10 })
    const users = personIds('client', USERS)
    const churning = load.call('churn', { port, wire, secret: world.secret, seats, users, watchable, forMs })
    // Whatever ends it early must not go unheard while looking.
    const failed = churning.then(() => new Promise<never>(() => {}))
    const looks: Look[] = []
    const since = performance.now()
    for (let look = 1; look <= LOOKS; look++) {
      await Promise.race([failed, sleep((forMs * look) / LOOKS - (performance.now() - since))])
      const { rssKb, heapKb } = await server.memory()
      looks.push({ minute: (performance.now() - since) / 60_000, rssKb, heapKb })
      world.say(`${number((look * minutes) / LOOKS)} of ${minutes} min: heap ${mb(heapKb)}, RSS ${mb(rssKb)}`)
    }
    const visits = await churning
    const { failed: lost, made } = await server.call('stopChanges')
    if (lost > 0) throw new Error(`${lost} of ${made} changes failed`)
    return { visits, ...summarise(looks) }
  })
}

export function summarise(looks: readonly Look[]): Omit<SoakOutcome, 'visits'> {
  const third = Math.floor(looks.length / 3)
  const growthOf = (read: (look: Look) => number) =>
    upperDecile(looks.slice(2 * third).map(read)) / upperDecile(looks.slice(third, 2 * third).map(read))
  const slopeOf = (read: (look: Look) => number) => slope(looks.slice(third).map((look) => [look.minute, read(look)]))
  const growth = { rssKb: growthOf(({ rssKb }) => rssKb), heapKb: growthOf(({ heapKb }) => heapKb) }
  return {
    looks,
    growth,
    slopeKbPerMinute: { rssKb: slopeOf(({ rssKb }) => rssKb), heapKb: slopeOf(({ heapKb }) => heapKb) },
    flat: growth.rssKb <= FLAT && growth.heapKb <= FLAT,
  }
}

/** The outcome as a Markdown table. */
export function soakTable({ growth, slopeKbPerMinute, flat, visits }: SoakOutcome): string {
  const row = (name: string, kind: 'heapKb' | 'rssKb') => [
    name,
    `${number(growth[kind])} ×`,
    `≤ ${FLAT} ×`,
    `${number(slopeKbPerMinute[kind])} KB/min`,
  ]
  const head = ['memory', 'last third / second third', 'flat', 'slope after the first third']
  const table = alignColumns([head, head.map(() => '-'), row('heap', 'heapKb'), row('RSS', 'rssKb')])
  return `${table}\n\n${visits} visits; memory is ${flat ? 'flat' : '**not flat**'}`
}

const mb = (kb: number): string => `${Math.round(kb / 1_024)} MB`
