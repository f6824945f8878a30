import { versionTime } from '../domain/version.ts'
import type { ServiceDeps } from './deps.ts'

const BATCH = 2_000

/** Writes what was observed to PostgreSQL, in batches (R20). What fails stays to be written, and holds up nothing else. */
export async function project(deps: ServiceDeps): Promise<void> {
  const { pendingDecisions, sessionLog } = deps
  const outcomes = await Promise.allSettled([pendingDecisions.retry(), sessionLog.flush(), projectRecords(deps)])
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw failed.reason
}

async function projectRecords({ hot, durable, metrics }: ServiceDeps): Promise<void> {
  for (;;) {
    const records = await hot.unprojected(BATCH)
    const oldest = records.reduce((at, { version }) => Math.min(at, versionTime(version)), hot.now())
    metrics.projectionLag.set(Math.max(0, hot.now() - oldest) / 1_000)
    if (records.length === 0) return
    await durable.project(records)
    metrics.projectedRows.inc(records.length)
    await hot.markProjected(records)
    if (records.length < BATCH) return
  }
}
