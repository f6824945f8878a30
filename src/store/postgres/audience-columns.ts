import { COARSE_MS } from '../../domain/coarse.ts'
import { NO_PAIRS, type Pair } from '../../domain/pairs.ts'
import { latest, type Shown, type UserRecord } from '../../domain/user-record.ts'
import type { View } from '../../domain/view.ts'
import { type AudienceLevel, isOpen, levelsOf, OPEN_LEVELS, type Visibility } from '../../domain/visibility.ts'

// How levels, contacts' views and blocks are kept (see 005-audiences). Moments are epoch milliseconds.

export interface StoredAudiences {
  /** The switch above all levels. */
  readonly on: boolean
  readonly status: AudienceLevel
  readonly last_seen: AudienceLevel
  readonly coarse: boolean
  readonly contact_since: number | null
  /** The decision it belongs to: a later one was made by a node that knows no levels, and is about the switch alone. */
  readonly version: number
}

export interface StoredContactView {
  readonly status: View['status']
  readonly last_seen: number | null
  readonly message: string | null
  readonly version: number
  /** What contacts may know while the view stands still. */
  readonly kept: number | null
}

/** @returns null for whoever narrowed nothing */
export function storedAudiences({ visible, levels, contactSince, version }: Visibility): StoredAudiences | null {
  if (isOpen(levels)) return null
  const { status, lastSeen, coarse } = levels
  return { on: visible, status, last_seen: lastSeen, coarse, contact_since: contactSince, version }
}

/** What nodes without levels go by. */
export const isVisibleToAll = ({ visible, levels }: Visibility): boolean => visible && isOpen(levels)

/** What a row says of visibility; `visible` is false where there are levels. */
export function visibilityFrom(
  row: { readonly visible: boolean; readonly since: number | null; readonly version: number },
  audiences: StoredAudiences | null,
): Visibility {
  const { visible, since, version } = row
  if (audiences === null) return { visible, levels: OPEN_LEVELS, since, contactSince: since, version }
  const { status, last_seen: lastSeen, coarse, contact_since: contactSince } = audiences
  const levels = levelsOf({ status, lastSeen, coarse })
  if (audiences.version === version) return { visible: audiences.on, levels, since, contactSince, version }
  return { visible, levels, since, contactSince: latest(since, contactSince), version }
}

/** @returns null while contacts see what strangers do */
export function storedContactView({ contact, stranger, shown }: UserRecord): StoredContactView | null {
  if (contact === stranger && shown.contactSeenAt === shown.lastSeenAt) return null
  const { status, lastSeenAt, message, version } = contact
  return { status, last_seen: lastSeenAt, message, version, kept: shown.contactSeenAt }
}

export function contactFrom(
  stored: StoredContactView | null,
  stranger: View,
  keptSeenAt: number | null,
): { contact: View; contactSeenAt: Shown['contactSeenAt'] } {
  if (stored === null) return { contact: stranger, contactSeenAt: keptSeenAt }
  const { status, last_seen: lastSeenAt, message, version, kept } = stored
  return { contact: { status, lastSeenAt, message, version }, contactSeenAt: kept }
}

export type StoredBlock = readonly [viewerId: string, blocked: boolean, version: string, floor: string]

export const pairsFrom = (blocks: readonly StoredBlock[] | null): readonly Pair[] =>
  blocks === null
    ? NO_PAIRS
    : blocks.map(([viewerId, blocked, version, floor]) => {
        return { viewerId, blocked, version: Number(version), floor: Number(floor) }
      })

/** SQL: the beginning of the bucket that a timestamptz lies in. */
export const coarseSql = (expression: string): string =>
  `date_bin('${COARSE_MS / 1000} seconds', ${expression}, timestamptz 'epoch')`

/** SQL: the switch, of a row `p`. */
export const SWITCH_SQL = `case when (p.audiences->>'version')::bigint = p.visibility_version
  then (p.audiences->>'on')::boolean else p.visible end`

/** SQL: no version that the viewer of a block `b` is told is lower. Of one that a node without floors decided, it is that of the decision. */
export const BLOCK_FLOOR_SQL = 'case when b.floor_of = b.version then b.floor else b.version end'
