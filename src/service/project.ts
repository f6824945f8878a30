import type { ServiceDeps } from './deps.ts'

const BATCH = 2_000

/** Writes what was observed to PostgreSQL, in batches (R20). What fails stays to be written. */
export async function project({ hot, durable, sessionLog, pendingDecisions, metrics }: ServiceDeps): Promise<void> {
  await pendingDecisions.retry()
  await sessionLog.flush()
  for (;;) {
    const records = await hot.unprojected(BATCH)
    if (records.length === 0) return
    await durable.project(records)
    metrics.projectedRows.inc(records.length)
    await hot.markProjected(records)
    if (records.length < BATCH) return
  }
}
