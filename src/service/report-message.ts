import { PresenceError } from '../domain/errors.ts'
import type { ServiceDeps } from './deps.ts'
import { readPresence } from './read-presence.ts'

/** What the host hears of a report. It does not say whose it is: nobody learns that. */
export interface ReportNotice {
  userId: string
  message: string
  reason: string | null
  /** ISO 8601. */
  reported_at: string
}

/**
 * Keeps what a viewer was shown and took offence at. Whoever hides, is away for good or says nothing is answered alike (R31), and so is
 * a viewer who reports the same message once more. See {@link PresenceVerbs.reportMessage}.
 */
export async function reportMessage(
  deps: ServiceDeps,
  userId: string,
  reporterId: string,
  reason: string | null,
): Promise<void> {
  const { custom_message: message, online_status: status } = await readPresence(deps, userId, reporterId)
  if (userId === reporterId) throw new PresenceError('INVALID_PAYLOAD', 'One does not report oneself.')
  if (message === undefined) throw new PresenceError('NOT_FOUND', 'This user shows no message.')
  const at = deps.hot.now()
  const isNew = await deps.reports.save({ userId, reporterId, message, status, reason, at })
  if (isNew) void tellHost(deps, { userId, message, reason, reported_at: new Date(at).toISOString() })
}

/** Nobody waits for the host, and what it throws is its own business. */
async function tellHost({ onReport, log }: ServiceDeps, notice: ReportNotice): Promise<void> {
  try {
    await onReport?.(notice)
  } catch (error) {
    log.error({ err: error }, 'onReport failed; the report is kept')
  }
}
