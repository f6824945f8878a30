import type { Mechanism } from './mechanisms.ts'

export interface NewsPlan {
  /** As REDIS_URL takes it. */
  readonly urls: readonly string[]
  readonly mechanism: Mechanism
  /** Users who change, evenly drawn. */
  readonly users: number
  /** How many of them each receiver watches: the first ones. */
  readonly watched: number
}

export interface Heard {
  /** Messages that came. */
  readonly messages: number
  /** Changes of watched users that came to the end of the way. */
  readonly changes: number
  /** Numbers that were left out, by bucket. */
  readonly gaps: number
  /** Milliseconds from the moment at which the commit was sent. */
  readonly p50Ms: number
  readonly p99Ms: number
}

export type WriterVerbs = {
  open(plan: NewsPlan): Promise<void>
  /** @returns how many changes were made */
  make(perSecond: number, forMs: number): Promise<number>
}

export type ReceiverVerbs = {
  /** @returns milliseconds that it took to listen to everything */
  open(plan: NewsPlan): Promise<number>
  reset(): void
  heard(): Heard
}
