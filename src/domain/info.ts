import { type Pair, pairWith } from './pairs.ts'
import { isPresent, type Status } from './status.ts'
import { openness, type UserRecord } from './user-record.ts'
import { UNSEEN, type View } from './view.ts'
import { allowanceOf, asksForContacts, type Decided, type LevelledAudience } from './visibility.ts'

/** A presence as it leaves the service (4.1). Only the user themself ever reads `show_status: false` (R30). */
export interface PresenceInfo {
  userId: string
  online_status: Status
  /** ISO 8601, or null when it is not known. */
  last_seen: string | null
  custom_message?: string
  show_status: boolean
  /** Present, and true, only while the system cannot vouch for it. */
  stale?: true
}

/** ISO 8601 of a moment in epoch milliseconds, null staying null. */
export const isoTime = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

/** Words a view as a `PresenceInfo`. */
export function presenceInfo(userId: string, view: Omit<View, 'version'>, showStatus: boolean): PresenceInfo {
  return {
    userId,
    online_status: view.status,
    last_seen: isoTime(view.lastSeenAt),
    ...(view.message === null ? {} : { custom_message: view.message }),
    show_status: showStatus,
  }
}

/** What there is to be told of a user, and to whom. */
export type Views = Pick<UserRecord, 'own' | 'contact' | 'stranger'>

/** Who looks: the user themself, somebody they deal with, anybody else, or somebody who is told nothing because they are blocked. */
export type Audience = 'own' | 'contact' | 'stranger' | 'nobody'

/**
 * The audience that a viewer is, as far as the record alone tells; `asks`: a contact or a stranger, which the host has to say (R36, R37).
 *
 * @param viewerId null for somebody who is not known
 */
export function audienceOf(
  record: Pick<UserRecord, 'userId' | 'visibility' | 'pairs' | 'contact' | 'stranger'>,
  viewerId: string | null,
): Exclude<Audience, 'contact'> | 'asks' {
  if (viewerId === null) return 'stranger'
  if (viewerId === record.userId) return 'own'
  if (pairWith(record.pairs, viewerId)?.blocked) return 'nobody'
  return tellsContactsApart(record) ? 'asks' : 'stranger'
}

/** Whether contacts are told, or were told, anything else than strangers: then it matters who is one. */
export const tellsContactsApart = ({
  visibility,
  contact,
  stranger,
}: Pick<UserRecord, 'contact' | 'stranger'> & { readonly visibility: Decided }): boolean =>
  asksForContacts(visibility) || contact !== stranger

/**
 * Whether it tells an audience nothing that the live store knows of a user at all: it is told that they are here, or is told everything.
 * Of anybody else the store holds more the more they do (R31).
 */
export function isLiveFor(
  record: Pick<UserRecord, 'visibility' | 'access' | LevelledAudience>,
  audience: LevelledAudience,
): boolean {
  const { status, lastSeen, coarse } = allowanceOf(openness(record), audience)
  return status && (isPresent(record[audience].status) || (lastSeen && !coarse))
}

/** Where a viewer stands towards a user: what they are told, and above which versions. */
export interface Standing {
  readonly audience: Exclude<Audience, 'own'>
  /** No version that they are told is lower. */
  readonly floor: number
  /** Of what was decided or changed between the two; an older standing never replaces a newer one. */
  readonly version: number
}

/** Where everybody stands of whom nothing is known. */
export const STRANGER: Standing = { audience: 'stranger', floor: 0, version: 0 }

/** @param audience which one they are of while they are not blocked */
export function standingOf(pairs: readonly Pair[], viewerId: string | null, audience: LevelledAudience): Standing {
  const pair = viewerId === null ? undefined : pairWith(pairs, viewerId)
  if (pair === undefined) return audience === 'stranger' ? STRANGER : { audience, floor: 0, version: 0 }
  return { audience: pair.blocked ? 'nobody' : audience, floor: pair.floor, version: pair.version }
}

/** What somebody who stands there may be told (R34), under a version that grows for them. */
export function viewAt(views: Views, { audience, floor }: Standing): View {
  if (audience === 'nobody') return { ...UNSEEN, version: floor }
  const view = views[audience]
  return floor <= view.version ? view : { ...view, version: floor }
}

/** What the user themself is told of this record. */
export const ownInfo = ({ userId, own, visibility }: UserRecord): PresenceInfo =>
  presenceInfo(userId, own, visibility.visible)
