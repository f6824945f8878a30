import { type Access, OPEN_ACCESS } from '../../domain/access.ts'
import type { Presumption } from '../../domain/presence.ts'
import type { DeviceType, Revocation, Session } from '../../domain/session.ts'
import type { ChosenStatus, Status } from '../../domain/status.ts'
import { NO_PAIRS, type Pair } from '../../domain/pairs.ts'
import { latest, type UserRecord } from '../../domain/user-record.ts'
import { UNSEEN, type View } from '../../domain/view.ts'
import {
  type AudienceLevel,
  isOpen,
  type Levels,
  levelsOf,
  OPEN_LEVELS,
  type Visibility,
} from '../../domain/visibility.ts'
import { checkNeighbour, SCHEMA_VERSION } from './schema.ts'

// A record is kept as '<schema> <stamp> <L|R> <json>'. Keys of the JSON are one letter each, since there is one for every user who is or
// was lately here; docs/redis.md lists them.

export type ViewTuple = readonly [status: Status, lastSeenAt: number | null, message: string | null, version: number]

type SessionTuple = readonly [
  sessionId: string,
  nodeId: string,
  socketId: string,
  deviceId: string | null,
  deviceType: DeviceType,
  connectedAt: number,
  lastActivityAt: number,
  lost: readonly [evidenceAt: number, graceEndsAt: number] | null,
]

interface RecordJson {
  readonly v: number
  readonly s: readonly SessionTuple[]
  readonly r?: readonly (readonly [sessionId: string, at: number, why?: Revocation])[]
  readonly p?: readonly [active: boolean, evidenceAt: number | null, until: number]
  readonly c: readonly [status: ChosenStatus | null, message: string | null, expiresAt: number | null, version: number]
  /** Whoever narrows anything is hidden to nodes that know no levels; what holds is in `w` (R55). */
  readonly z: readonly [visibleToAll: boolean, since: number | null, version: number]
  readonly w?: readonly [...LevelsTuple, visible: boolean, contactSince: number | null, version: number]
  readonly b?: readonly [bar: Access['bar'], version: number, tokensSince: number | null]
  readonly a: number | null
  readonly l: number | null
  readonly e: number | null
  readonly h: readonly [lastSeenAt: number | null, lastActivityAt: number | null]
  readonly o: ViewTuple
  readonly t: ViewTuple
  /** What contacts see and may know, where it is not what strangers do. */
  readonly k?: ViewTuple
  readonly q?: number | null
  readonly n?: readonly PairTuple[]
  readonly d: number | null
}

export type LevelsTuple = readonly [status: AudienceLevel, lastSeen: AudienceLevel, coarse: boolean]
export type PairTuple = readonly [viewerId: string, blocked: boolean, version: number, floor: number]

export const levelsTuple = ({ status, lastSeen, coarse }: Levels): LevelsTuple => [status, lastSeen, coarse]
export const levelsFrom = ([status, lastSeen, coarse]: LevelsTuple): Levels => levelsOf({ status, lastSeen, coarse })
export const pairTuple = ({ viewerId, blocked, version, floor }: Pair): PairTuple => [viewerId, blocked, version, floor]
export const pairFrom = ([viewerId, blocked, version, floor]: PairTuple): Pair => ({
  viewerId,
  blocked,
  version,
  floor,
})

/** A record as the store has it. */
export interface StoredRecord {
  /** The version of the node that wrote it. */
  readonly schema: number
  readonly stamp: string
  readonly record: UserRecord
  /** The JSON as it was read: what a newer version keeps in it is written back unchanged (R55). */
  readonly json: object
}

export const viewTuple = ({ status, lastSeenAt, message, version }: View): ViewTuple => [
  status,
  lastSeenAt,
  message,
  version,
]

export const viewOf = ([status, lastSeenAt, message, version]: ViewTuple): View => ({
  status,
  lastSeenAt,
  message,
  version,
})

const sessionTuple = (session: Session): SessionTuple => [
  session.sessionId,
  session.nodeId,
  session.socketId,
  session.deviceId,
  session.deviceType,
  session.connectedAt,
  session.lastActivityAt,
  session.lost && [session.lost.evidenceAt, session.lost.graceEndsAt],
]

const sessionOf = (tuple: SessionTuple): Session => {
  const [sessionId, nodeId, socketId, deviceId, deviceType, connectedAt, lastActivityAt, lost] = tuple
  return {
    sessionId,
    nodeId,
    socketId,
    deviceId,
    deviceType,
    connectedAt,
    lastActivityAt,
    lost: lost && { evidenceAt: lost[0], graceEndsAt: lost[1] },
  }
}

const presumptionOf = (tuple: RecordJson['p']): Presumption | null =>
  tuple ? { active: tuple[0], evidenceAt: tuple[1], until: tuple[2] } : null

const accessOf = (tuple: RecordJson['b']): Access =>
  tuple ? { bar: tuple[0], version: tuple[1], tokensSince: tuple[2] } : OPEN_ACCESS

/** Whether nothing will happen to this record by itself, so that it may be forgotten once PostgreSQL has it. */
const isAtRest = ({ sessions, deadline }: UserRecord): boolean => sessions.length === 0 && deadline === null

/** @param before the JSON that the record was read from, if it was */
export function encodeRecord(record: UserRecord, stamp: string, before: object = {}): { value: string; json: object } {
  const { choice, visibility, access, shown, presumed } = record
  const {
    r: _revoked,
    p: _presumed,
    b: _access,
    w: _levels,
    k: _contact,
    q: _seen,
    n: _pairs,
    ...kept
  } = before as Partial<RecordJson>
  const { levels, since, contactSince } = visibility
  const isPlain = isOpen(levels) && since === contactSince
  const json: RecordJson = {
    ...kept,
    v: record.version,
    s: record.sessions.map(sessionTuple),
    ...(record.revoked.length > 0 && {
      r: record.revoked.map(({ sessionId, at, why }) => [sessionId, at, why] as const),
    }),
    ...(presumed && { p: [presumed.active, presumed.evidenceAt, presumed.until] as const }),
    c: [choice.status, choice.message, choice.expiresAt, choice.version],
    z: [visibility.visible && isOpen(levels), since, visibility.version],
    ...(!isPlain && { w: [...levelsTuple(levels), visibility.visible, contactSince, visibility.version] as const }),
    ...(access !== OPEN_ACCESS && { b: [access.bar, access.version, access.tokensSince] as const }),
    a: record.lastActivityAt,
    l: record.lastSeenAt,
    e: record.lastEndedAt,
    h: [shown.lastSeenAt, shown.lastActivityAt],
    o: viewTuple(record.own),
    t: viewTuple(record.stranger),
    ...(record.contact !== record.stranger && { k: viewTuple(record.contact) }),
    ...(shown.contactSeenAt !== shown.lastSeenAt && { q: shown.contactSeenAt }),
    ...(record.pairs.length > 0 && { n: record.pairs.map(pairTuple) }),
    d: record.deadline,
  }
  return { value: `${SCHEMA_VERSION} ${stamp} ${isAtRest(record) ? 'R' : 'L'} ${JSON.stringify(json)}`, json }
}

/** The stamp of a record as it is kept. */
export const stampOf = (value: string): string => value.split(' ', 2)[1] ?? ''

/** @throws {PresenceError} INCOMPATIBLE_NODES */
export function decodeRecord(userId: string, value: string): StoredRecord {
  const [schema = '', stamp = ''] = value.split(' ', 2)
  checkNeighbour(Number(schema))
  const json = JSON.parse(value.slice(schema.length + stamp.length + 4)) as RecordJson
  const [status, message, expiresAt, version] = json.c
  const visibility = visibilityOf(json)
  const stranger = viewOf(json.t)
  const record: UserRecord = {
    userId,
    version: json.v,
    sessions: json.s.map(sessionOf),
    // A node of the version before does not say why.
    revoked: (json.r ?? []).map(([sessionId, at, why = 'SIGNED_OUT']) => ({ sessionId, at, why })),
    presumed: presumptionOf(json.p),
    choice: { status, message, expiresAt, version },
    visibility,
    access: accessOf(json.b),
    lastActivityAt: json.a,
    lastSeenAt: json.l,
    lastEndedAt: json.e,
    shown: {
      lastSeenAt: json.h[0],
      lastActivityAt: json.h[1],
      contactSeenAt: json.q === undefined ? json.h[0] : json.q,
    },
    own: viewOf(json.o),
    contact: contactOf(json, stranger, Number(schema) >= LEVELS_SCHEMA),
    stranger,
    pairs: json.n?.map(pairFrom) ?? NO_PAIRS,
    deadline: json.d,
  }
  return { schema: Number(schema), stamp, record, json }
}

/** The first version that knows levels. */
const LEVELS_SCHEMA = 2

/** A decision that a node without levels took is about the switch alone. */
function visibilityOf({ z: [visibleToAll, since, version], w }: RecordJson): Visibility {
  if (!w) return { visible: visibleToAll, levels: OPEN_LEVELS, since, contactSince: since, version }
  const [status, lastSeen, coarse, visible, contactSince, decided] = w
  const levels = levelsFrom([status, lastSeen, coarse])
  if (decided === version) return { visible, levels, since, contactSince, version }
  return { visible: visibleToAll, levels, since, contactSince: latest(since, contactSince), version }
}

/** A node without levels leaves what contacts see as it was: nothing is shown of that until a change is made by one that has them. */
function contactOf({ k, o }: RecordJson, stranger: View, isKept: boolean): View {
  if (k === undefined) return stranger
  return isKept ? viewOf(k) : { ...UNSEEN, version: Math.max(o[3], k[3]) }
}
