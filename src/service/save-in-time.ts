import type { Decision } from '../store/contract.ts'
import type { ServiceDeps } from './deps.ts'
import { inTime } from './in-time.ts'

type Stores = Pick<ServiceDeps, 'durable'>

/** @returns what went wrong, or null. It does not wait for a PostgreSQL that hangs. */
export const saveInTime = ({ durable }: Stores, decision: Decision): Promise<unknown> =>
  failureOf(inTime(durable.saveDecision(decision)))

/** @returns what went wrong, or null */
export const saveNow = ({ durable }: Stores, decision: Decision): Promise<unknown> =>
  failureOf(durable.saveDecision(decision))

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  )
