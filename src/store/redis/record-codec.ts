import { type Access, OPEN_ACCESS } from '../../domain/access.ts'
import type { Presumption } from '../../domain/presence.ts'
import type { DeviceType, Revocation, Session } from '../../domain/session.ts'
import type { ChosenStatus, Status } from '../../domain/status.ts'
import type { UserRecord } from '../../domain/user-record.ts'
import type { View } from '../../domain/view.ts'
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
  readonly z: readonly [visible: boolean, since: number | null, version: number]
  readonly b?: readonly [bar: Access['bar'], version: number, tokensSince: number | null]
  readonly a: number | null
  readonly l: number | null
  readonly e: number | null
  readonly h: readonly [lastSeenAt: number | null, lastActivityAt: number | null]
  readonly o: ViewTuple
  readonly t: ViewTuple
  readonly d: number | null
}

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
  const { r: _revoked, p: _presumed, b: _access, ...kept } = before as Partial<RecordJson>
  const json: RecordJson = {
    ...kept,
    v: record.version,
    s: record.sessions.map(sessionTuple),
    ...(record.revoked.length > 0 && {
      r: record.revoked.map(({ sessionId, at, why }) => [sessionId, at, why] as const),
    }),
    ...(presumed && { p: [presumed.active, presumed.evidenceAt, presumed.until] as const }),
    c: [choice.status, choice.message, choice.expiresAt, choice.version],
    z: [visibility.visible, visibility.since, visibility.version],
    ...(access !== OPEN_ACCESS && { b: [access.bar, access.version, access.tokensSince] as const }),
    a: record.lastActivityAt,
    l: record.lastSeenAt,
    e: record.lastEndedAt,
    h: [shown.lastSeenAt, shown.lastActivityAt],
    o: viewTuple(record.own),
    t: viewTuple(record.stranger),
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
  const record: UserRecord = {
    userId,
    version: json.v,
    sessions: json.s.map(sessionOf),
    // A node of the version before does not say why.
    revoked: (json.r ?? []).map(([sessionId, at, why = 'SIGNED_OUT']) => ({ sessionId, at, why })),
    presumed: presumptionOf(json.p),
    choice: { status, message, expiresAt, version },
    visibility: { visible: json.z[0], since: json.z[1], version: json.z[2] },
    access: accessOf(json.b),
    lastActivityAt: json.a,
    lastSeenAt: json.l,
    lastEndedAt: json.e,
    shown: { lastSeenAt: json.h[0], lastActivityAt: json.h[1] },
    own: viewOf(json.o),
    stranger: viewOf(json.t),
    deadline: json.d,
  }
  return { schema: Number(schema), stamp, record, json }
}
