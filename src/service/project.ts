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
    if (records.length === 0) return
    await durable.project(records)
    metrics.projectedRows.inc(records.length)
    await hot.markProjected(records)
    if (records.length < BATCH) return
  }
}
