import type { ChurnPlan } from './churn.ts'
import type { Polled, PollPlan } from './poll.ts'
import type { Asked, AskPlan } from './requests.ts'
import type { Tally } from './tally.ts'

export interface ConnectPlan {
  readonly port: number
  readonly wire: 'raw' | 'socket.io'
  /** Signs the tokens. */
  readonly secret: string
  /** Who connects: one client each. */
  readonly users: readonly string[]
  /** For each client whom they watch, as positions in `watchable`; one list alone is everybody's. */
  readonly watches: readonly (readonly number[])[]
  readonly watchable: readonly string[]
  /** Connections being made at once. */
  readonly atOnce: number
  /** Keeps what each client heard last of each user it watches. @default false */
  readonly remember?: boolean
  /** Gives each client an address of its own. @default false */
  readonly addresses?: boolean
  /** Names the devices, so that they can come back. @default false */
  readonly devices?: boolean
}

/** What every load generator can be asked. */
export type LoadVerbs = {
  /** Signs tokens ahead, so that this is no part of what is measured. */
  prepare(secret: string, users: readonly string[]): Promise<void>
  /** @returns how many clients are connected and watch */
  connect(plan: ConnectPlan): Promise<number>
  reset(): void
  tally(): Tally
  /**
   * How many pairs of a client and a user it watches ended up with something else than this: whether the user is present,
   * or null for one who never changed. Needs `remember`.
   */
  wrongAtTheEnd(expected: readonly (boolean | null)[]): number
  /** For each client whom it heard of last as present. Needs `remember`. */
  heardPresent(): (readonly string[])[]
  /** Every client sends an activity at this pace altogether, for this long. @returns how many were sent */
  ping(perSecond: number, forMs: number): Promise<number>
  /** Every client in turn sends a sign of use and waits for its answer. @returns how long that takes */
  askInPace(perSecond: number, forMs: number): Promise<{ readonly p50Ms: number; readonly p99Ms: number }>
  /** Lets clients come and go. @returns how many visits there were */
  churn(plan: ChurnPlan & Pick<ConnectPlan, 'port' | 'wire' | 'secret'>): Promise<number>
  /** Every client watches this search. */
  watchSearch(query: object): Promise<void>
  /** Many ask for the same again and again. */
  poll(plan: PollPlan): Promise<Polled>
  /** Asks over HTTP, one request at a time. */
  ask(plan: AskPlan): Promise<Asked[]>
  /** @returns the port of a proxy in front of this one, which writes on answers when they were made */
  stampAnswers(nodePort: number): Promise<number>
  /** Ends all connections, spread over this time. */
  disconnect(how: 'abrupt' | 'clean', spreadMs: number): Promise<void>
}
