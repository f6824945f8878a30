import type { Status } from '../status.ts'
import { unseen } from '../switch-off.ts'
import type { UserRecord } from '../user-record.ts'
import { causeOf } from './causes.ts'
import { because, type Cause, type Evidence, type Reason, trouble } from './evidence.ts'
import { notesOn } from './notes.ts'
import { type ExplainedSession, explainSessions } from './sessions.ts'

/** Why somebody is shown as they are. */
export interface Explanation {
  /** What they are shown with to themself; `unknown` while nothing can be said, null when there is nobody. */
  readonly status: Status | 'unknown' | null
  readonly cause: Reason<Cause>
  /** What else is worth knowing, the cause not among it. */
  readonly notes: readonly Reason[]
  readonly sessions: readonly ExplainedSession[]
  /** What it is said of, live or as PostgreSQL has it, and as others are shown it; null when there is neither. */
  readonly record: UserRecord | null
}

/** Explains one user's presence by all that can be found out: which rule decides, in words, and what else plays a part. */
export function explain(evidence: Evidence): Explanation {
  const { live, stored } = evidence
  const record = live !== null && live !== 'unknown' ? live : stored
  if (record === null) return nobody()
  if (record === 'unknown') return unanswered()
  const isLive = record === live
  const sessions = explainSessions(record.sessions, evidence)
  const known = { record, isLive, sessions }
  const cause = causeOf(evidence, known)
  const shown = cause.rule === 'SWITCHED_OFF' ? unseen(record) : record
  return { status: statusOf(cause.rule, record), cause, notes: notesOn(evidence, known), sessions, record: shown }
}

function statusOf(rule: Cause, { own }: UserRecord): Explanation['status'] {
  if (rule === 'STORE_UNKNOWN') return 'unknown'
  if (rule === 'SWITCHED_OFF') return 'offline'
  return rule === 'DELETED' ? null : own.status
}

const nobody = (): Explanation => ({
  status: null,
  cause: because('NO_SUCH_USER', 'There is no such user: the host has none by this id.'),
  notes: [],
  sessions: [],
  record: null,
})

const unanswered = (): Explanation => ({
  status: 'unknown',
  cause: trouble(
    'NOBODY_ANSWERS',
    'Nothing can be said: the live store does not hold them, or does not answer, and neither does PostgreSQL.',
  ),
  notes: [],
  sessions: [],
  record: null,
})
