import type { Decision } from '../store/contract.ts'
import type { ServiceDeps } from './deps.ts'

/** Milliseconds that what takes something back waits for PostgreSQL before it takes effect without it. */
const WAITS_MS = 2_000

/** @returns what went wrong, or null. It does not wait for a PostgreSQL that hangs. */
export async function saveInTime({ durable }: Pick<ServiceDeps, 'durable'>, decision: Decision): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(new Error('PostgreSQL did not answer in time')), WAITS_MS)
  })
  return Promise.race([saveNow({ durable }, decision), late]).finally(() => clearTimeout(timer))
}

/** @returns what went wrong, or null */
export const saveNow = ({ durable }: Pick<ServiceDeps, 'durable'>, decision: Decision): Promise<unknown> =>
  durable.saveDecision(decision).then(
    () => null,
    (error: unknown) => error,
  )
