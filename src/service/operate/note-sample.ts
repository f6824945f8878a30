import type { ServiceDeps } from '../deps.ts'

/** Milliseconds between two samples, and how many are kept: ten minutes of them. */
export const SAMPLE_EVERY_MS = 2_000
export const SAMPLES_KEPT = 300

/** Notes how this node is, for its own history, and tells the other nodes. */
export async function noteSample({ history, shared }: ServiceDeps): Promise<void> {
  const { at, users, sessions, transitionsPerS, projectionLagMs } = await history.take()
  await shared?.tellReport({ at, users, sessions, transitionsPerS, projectionLagMs })
}
