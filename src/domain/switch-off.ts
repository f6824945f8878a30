import type { Rules } from './rules.ts'
import { end } from './steps.ts'
import { settle, type Step, type UserRecord } from './user-record.ts'
import { looksSame, UNSEEN, type View } from './view.ts'

const NOTHING_SHOWN: UserRecord['shown'] = { lastSeenAt: null, lastActivityAt: null, contactSeenAt: null }

/**
 * Takes a user out of presence: their sessions end, and others see an ordinary offline user of whom nothing is known (R71). Whoever comes
 * back is known from then on: nothing older is ever shown anew (R32). A session that another node holds stays: it is for that node to say
 * whether the user is switched off there, too, and the last of them retracts, so that others are told once.
 *
 * @param ours ids of sessions whose connections the caller holds
 */
export function switchOff(record: UserRecord, ours: ReadonlySet<string>, now: number, rules: Rules): Step {
  const held = record.sessions.filter((session) => session.lost === null && !ours.has(session.sessionId))
  if (held.length > 0) return end(record, ours, now, rules)
  if (record.sessions.length === 0 && record.presumed === null && isUnseen(record)) {
    return settle(record, record, now, rules)
  }
  // Later than the end of these sessions, which is now.
  const since = now + 1
  const visibility = { ...record.visibility, since, contactSince: since }
  const all = new Set(record.sessions.map(({ sessionId }) => sessionId))
  return end(record, all, now, rules, { visibility, shown: NOTHING_SHOWN, presumed: null })
}

const isUnseen = ({ contact, stranger }: Pick<UserRecord, 'contact' | 'stranger'>): boolean =>
  looksSame(stranger, UNSEEN) && looksSame(contact, UNSEEN)

/** Whether others are shown anything of somebody who is not here. */
export const isRemembered = (record: UserRecord): boolean =>
  record.sessions.length === 0 && record.presumed === null && !isUnseen(record)

/**
 * How others see somebody who is switched off and was not here since: nothing was written for it, so the version stays, and what is known
 * of them is there again with the presence (R71).
 */
export function unseen(record: UserRecord): UserRecord {
  const blank = ({ version }: View): View => ({ ...UNSEEN, version })
  const stranger = blank(record.stranger)
  const contact = record.contact === record.stranger ? stranger : blank(record.contact)
  return { ...record, shown: NOTHING_SHOWN, contact, stranger }
}
