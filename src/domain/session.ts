import type { Bar } from './access.ts'

export const DEVICE_TYPES = ['web', 'mobile', 'desktop'] as const
export type DeviceType = (typeof DEVICE_TYPES)[number]

/** One connection of one user. All times are epoch milliseconds of the store's clock. */
export interface Session {
  /** Made by the server for each connection, because Socket.IO reuses its own ids on recovery (R2). */
  readonly sessionId: string
  /** The node whose connection it is, or `NO_NODE` in grace: a node that dies or drains does not cut that short (R4). */
  readonly nodeId: string
  readonly socketId: string
  /** The device as the client names it, or null. A device has at most one session in grace (R3). */
  readonly deviceId: string | null
  readonly deviceType: DeviceType
  readonly connectedAt: number
  /** Last sign of use that the store was told of. The owning node may know a newer one (R12). */
  readonly lastActivityAt: number
  /** The connection was lost without a goodbye, and the session lives on until `graceEndsAt` (R3). */
  readonly lost: { readonly evidenceAt: number; readonly graceEndsAt: number } | null
}

/** A session that is over, with the moment that is known for it (R13: never the moment of a sweep). */
export interface EndedSession {
  readonly session: Session
  readonly endedAt: number
}

/** The owner of sessions whose connection was lost: the store alone. */
export const NO_NODE = ''

/** Why a session was ended from outside: a sign-out, too many devices, or a host that bars the user (R61). */
export type Revocation = 'SIGNED_OUT' | 'EVICTED' | Bar

/** A session that was ended while its connection stood: its node must not take it up again. */
export interface RevokedSession {
  readonly sessionId: string
  readonly why: Revocation
  /** Epoch milliseconds. */
  readonly at: number
}

/** How long a revoked session is remembered: longer than any client waits for a node that is silent. */
export const REVOKED_KEPT_MS = 600_000

/** Whether the session counts at `now`: a lost one does until its grace is over. */
export const isLive = (session: Session, now: number): boolean =>
  session.lost === null || session.lost.graceEndsAt > now

/** Reasons for which Socket.IO says a connection ended on purpose; every other one is abrupt (R3). */
export const CLEAN_DISCONNECT_REASONS: ReadonlySet<string> = new Set([
  'client namespace disconnect',
  'server namespace disconnect',
])
