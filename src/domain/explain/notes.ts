import { lacksDecision } from '../node-steps.ts'
import { isPresent } from '../status.ts'
import { settle, type UserRecord } from '../user-record.ts'
import { versionTime } from '../version.ts'
import { type AudienceLevel, isOpen } from '../visibility.ts'
import { clinging, isOffAndGone, type Known } from './causes.ts'
import { because, type Evidence, type Reason, trouble } from './evidence.ts'
import { withoutConnection } from './sessions.ts'
import { clockText, pastText, spanText } from './words.ts'

/** All that is worth knowing beside the cause: first what others see, then what is behind. */
export function notesOn(evidence: Evidence, known: Known): Reason[] {
  return [
    ...clingingNotes(known),
    ...flagNotes(evidence, known),
    ...seenByOthers(evidence, known.record),
    ...decided(evidence, known.record),
    ...behind(evidence, known),
  ]
}

/** A chosen or idle status that hangs on a connection which does not stand any more. */
function clingingNotes({ record, sessions }: Known): Reason[] {
  const isCause = record.own.status === 'online' && record.choice.status === null
  return !isCause && isPresent(record.own.status) && withoutConnection(sessions) ? [clinging(sessions)] : []
}

/** Off here, and on where their connection is: nodes read different flags, or one of them has yet to read them. */
function flagNotes(evidence: Evidence, { record }: Known): Reason[] {
  if (evidence.asleep === null || record.access.bar !== null || isOffAndGone(evidence, record)) return []
  return [
    trouble(
      'SWITCHED_OFF',
      'The flag of the host says at this node that presence is off for them, and another node holds a session of theirs: it has yet to read the flags, or reads others.',
    ),
  ]
}

function seenByOthers({ now }: Evidence, { visibility, pairs, access }: UserRecord): Reason[] {
  const notes: Reason[] = []
  const since = visibility.version === 0 ? '' : `, since ${pastText(versionTime(visibility.version), now)}`
  if (!visibility.visible && access.bar === null) {
    notes.push(
      because(
        'HIDDEN',
        `Everybody else is shown somebody who is offline and whose last seen is not known: they hide${since}.`,
      ),
    )
  } else if (!isOpen(visibility.levels)) {
    const { status, lastSeen, coarse } = visibility.levels
    notes.push(
      because(
        'LEVELS',
        `Their status is for ${WHOM[status]}, their last seen for ${WHOM[lastSeen]}${coarse ? ', and only as a quarter of a day' : ''}${since}. To others they are offline, or last seen at no known time.`,
      ),
    )
  }
  const blocked = pairs.filter((pair) => pair.blocked).length
  if (blocked > 0)
    notes.push(
      because(
        'BLOCKS',
        `They block ${blocked === 1 ? 'one viewer, who is' : `${blocked} viewers, who are`} shown somebody who is offline.`,
      ),
    )
  return notes
}

const WHOM: Record<AudienceLevel, string> = { everyone: 'everyone', contacts: 'contacts alone', nobody: 'nobody' }

function decided({ now }: Evidence, { choice, own, access }: UserRecord): Reason[] {
  const notes: Reason[] = []
  if (choice.status !== null && !isPresent(own.status)) {
    const end = choice.expiresAt === null ? '' : ` until ${clockText(choice.expiresAt, now)}`
    notes.push(
      because(
        'CHOICE_WAITS',
        `They chose ${choice.status}${end}: it is shown when they are here, not while they are offline.`,
      ),
    )
  }
  if (access.tokensSince !== null) {
    notes.push(
      because(
        'TOKENS_REVOKED',
        `Tokens that were issued before ${pastText(access.tokensSince, now)} are refused: a device that still has one cannot come back.`,
      ),
    )
  }
  return notes
}

/** Milliseconds within which PostgreSQL has what happened, unless something is wrong. */
const WRITTEN_WITHIN_MS = 5_000

/** What is not yet as it will be. */
function behind(evidence: Evidence, { record, isLive }: Known): Reason[] {
  const { stored, isPending } = evidence
  const notes: Reason[] = isLive ? overdue(evidence, record) : []
  if (isPending)
    notes.push(
      trouble(
        'NOT_STORED',
        'Something that they decided holds already, and PostgreSQL has not taken it yet: it is tried again by itself.',
      ),
    )
  if (stored === 'unknown')
    notes.push(
      trouble(
        'POSTGRES_UNKNOWN',
        'PostgreSQL does not answer: what it has of them is not known, and lists and searches may show something older.',
      ),
    )
  else if (stored === null && record.access.bar !== 'USER_DELETED')
    notes.push(
      trouble(
        'ROW_GONE',
        'The host has no such user any more: somebody deleted them without telling. Their sessions end when the nodes next compare.',
      ),
    )
  else if (isLive && stored !== null) notes.push(...differences(evidence, record, stored))
  return notes
}

/** A change that is due by the rules, and was not made yet. */
function overdue({ rules, now }: Evidence, record: UserRecord): Reason[] {
  const { own } = settle(record, record, now, rules).record
  if (own.status === record.own.status) return []
  const since = record.deadline !== null && record.deadline <= now ? `, since ${pastText(record.deadline, now)}` : ''
  return [
    trouble(
      'OVERDUE',
      `By what is known here they would be ${own.status} by now${since}: the node that looks after them has yet to do it, or knows of newer activity.`,
    ),
  ]
}

function differences({ now }: Evidence, live: UserRecord, stored: UserRecord): Reason[] {
  const notes: Reason[] = []
  const isBehind = live.own.version > stored.own.version || live.stranger.version > stored.stranger.version
  if (isBehind) {
    const changedAt = versionTime(Math.max(live.own.version, live.stranger.version))
    const had = stored.own.status === live.own.status ? 'an older version of it' : `them as ${stored.own.status}`
    const behindMs = Math.max(0, now - changedAt)
    // Written behind, in batches: only what takes longer than that is worth a look.
    const say = behindMs > WRITTEN_WITHIN_MS ? trouble : because
    notes.push(
      say(
        'NOT_PROJECTED',
        `Changed at ${pastText(changedAt, now)}, and PostgreSQL still has ${had}: lists, searches and the host's own columns are ${spanText(behindMs)} behind.`,
      ),
    )
  }
  if (lacksDecision(live, stored)) {
    notes.push(
      trouble(
        'DECISION_BEHIND',
        'PostgreSQL holds a newer decision than the live store shows: the nodes take it over when they next compare.',
      ),
    )
  } else if (live.visibility.visible && !stored.visibility.visible) {
    notes.push(
      trouble(
        'COLUMN_DIFFERS',
        "The host's column show_online_status is off, and they are shown all the same: it was changed by other hands than ours, and is heard once they have left. Settings go through PATCH …/settings.",
      ),
    )
  }
  return notes
}
