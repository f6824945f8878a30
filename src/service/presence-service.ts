import { PresenceError } from '../domain/errors.ts'
import { type PresenceInfo, presenceInfo } from '../domain/info.ts'
import type { DeviceType } from '../domain/session.ts'
import type { ChoosableStatus, Status } from '../domain/status.ts'
import { requireId, type UserIdCodec } from '../domain/user-id.ts'
import { UNSEEN } from '../domain/view.ts'
import type { ProviderSort } from '../store/contract.ts'
import type { LocalSessions } from './local-sessions.ts'
import type { DormantConnections } from './rollout/dormant.ts'
import type { DeviceInfo, PresenceVerbs } from './verbs.ts'

/** A device as a host describes it; what is left out is not known. */
export interface DeviceDescription {
  device_type?: DeviceType
  device_id?: string
  ip_address?: string
  user_agent?: string
}

/** Filters of a provider search, as in `GET /api/providers`. Durations like `1h`. */
export interface ProviderFilters {
  online_status?: Status | readonly Status[]
  last_seen?: string
  active_within?: string
  /** A part of the name; case and accents do not matter. */
  name?: string
  /** Bounds are inclusive; a provider without a price or rating is within none. */
  min_price?: number
  max_price?: number
  min_rating?: number
  max_rating?: number
  sort?: ProviderSort
  /** 1 to 100. @default 20 */
  limit?: number
  cursor?: string
}

/**
 * The presence of users, for the host's own code. User ids are text; every method may throw a {@link PresenceError}:
 * INVALID_ID, USER_NOT_FOUND, or STORE_UNAVAILABLE, which is worth a retry.
 */
export interface PresenceService<ProviderPage, UserExport = unknown> {
  /** Starts a session for a connection; the same connection again is the same session. */
  setUserOnline(
    userId: string,
    socketId: string,
    device?: DeviceDescription,
  ): Promise<{ sessionId: string; presence: PresenceInfo }>
  /** Ends the session of a connection. @param reason Socket.IO's; without one it is a goodbye, and no grace applies (R3) */
  setUserOffline(userId: string, socketId: string, reason?: string): Promise<void>
  /** A sign of use, such as a request (R12). */
  updateLastActivity(userId: string): Promise<void>
  /** What `viewerId` may know; without one, what a stranger may (R34). */
  getUserPresence(userId: string, options?: { viewerId?: string }): Promise<PresenceInfo>
  /** Providers of a city and a service; those present, unless the filters say otherwise. Null means any. */
  getOnlineProviders(
    cityId: string | number | null,
    serviceId: string | number | null,
    filters?: ProviderFilters,
  ): Promise<ProviderPage>
  /**
   * Stores a user's choice and shows it. @param message undefined keeps the one before, null or empty clears it
   *
   * @throws {PresenceError} INVALID_STATUS, INVALID_MESSAGE, INVALID_EXPIRY
   */
  setCustomStatus(
    userId: string,
    status: ChoosableStatus,
    message?: string | null,
    options?: { expiresIn?: number },
  ): Promise<PresenceInfo>
  /** Ids of those whom the user blocks, the latest first. */
  getBlockedUsers(userId: string): Promise<string[]>
  /** From now on the viewer sees nothing of the user (R37). @throws {PresenceError} LIMIT_EXCEEDED, NOT_DURABLE */
  blockUser(userId: string, viewerId: string): Promise<void>
  unblockUser(userId: string, viewerId: string): Promise<void>
  /** Takes a user's message away, as your staff decided, and settles the reports of it. @param options `by`: who did it, for the record */
  clearMessage(userId: string, options: { by: string }): Promise<void>
  /** Ends sessions that nobody answers for any more. @returns how many */
  cleanupInactiveSessions(): Promise<number>
  /** Logs and counts a socket's error, and asks the client to resynchronise or to come back. */
  handleSocketError(userId: string, error: unknown): void
  /**
   * Ends all of a user's sessions and closes their connections, on every node.
   *
   * @param options.revokeTokens whether tokens that were issued before now are refused from now on. @default false
   * @returns how many
   * @throws {PresenceError} NOT_DURABLE when they are refused, but it is not stored yet
   */
  signOutEverywhere(userId: string, options?: { revokeTokens?: boolean }): Promise<number>
  /**
   * Ends all of a user's sessions and lets them in no more, on every node and across restarts; to everybody else they look as if they
   * hid (R61).
   *
   * @returns how many sessions it ended
   * @throws {PresenceError} NOT_DURABLE when it holds, but is not stored yet
   */
  ban(userId: string): Promise<number>
  /** Takes a ban back. */
  unban(userId: string): Promise<void>
  /** Say so when you have deleted a user: they are gone everywhere at once. @returns how many sessions it ended */
  userDeleted(userId: string): Promise<number>
  /**
   * Whether a user may be here, for the host's own routes and handshakes. Throws STORE_UNAVAILABLE when nobody can say.
   *
   * @param options.issuedAt when their token was issued: false for one that was revoked. Null: not known
   */
  isAllowed(userId: string, options?: { issuedAt?: Date | number | null }): Promise<boolean>
  /** All that is held of a user, to be handed to them. A line in the audit says that it was, not whose it was. */
  exportUserData(userId: string): Promise<UserExport>
  /**
   * Erases all that is held of a user: they are offline for everybody at once, signed out everywhere, and as if never here. It is stored when
   * this resolves, and harmless when done again.
   *
   * @returns a receipt for them, which proves whose data a line in the audit is about
   */
  eraseUserData(userId: string): Promise<{ receipt: string; rows: number }>
}

/** How the front doors read what a host passes in: checked by the same shapes as HTTP. */
export interface HostInput<ProviderPage, UserExport> {
  /** What is wrong in a description is taken as not known. */
  device(description: DeviceDescription): DeviceInfo
  findProviders(cityId: string | null, serviceId: string | null, filters: ProviderFilters): Promise<ProviderPage>
  exportUser(userId: string): Promise<UserExport>
  statusChange(input: { status: string; message?: string | null | undefined; expires_in?: number | undefined }): {
    status: ChoosableStatus
    message: string | null | undefined
    expiresInS: number | null
  }
}

/** The façade over the verbs: checks what comes from the host's code. */
export function createPresenceService<ProviderPage, UserExport>(
  verbs: PresenceVerbs,
  { local, dormant }: { local: LocalSessions; dormant: DormantConnections | undefined },
  codec: UserIdCodec,
  input: HostInput<ProviderPage, UserExport>,
): PresenceService<ProviderPage, UserExport> {
  const idOf = (text: string): string => requireId(codec, text)
  const textOf = (id: string | number | null): string | null => (id === null ? null : String(id))

  return {
    setUserOnline: async (userId, socketId, device = {}) => {
      const id = idOf(userId)
      const held = local.find(id, socketId)
      if (held && !held.goodbye) return { sessionId: held.sessionId, presence: await verbs.readPresence(id, id) }
      const asleep = dormant?.find(id, socketId)
      if (asleep) return { sessionId: asleep.handle, presence: presenceInfo(id, UNSEEN, true) }
      const { sessionId, presence } = await verbs.connectSession(id, socketId, input.device(device))
      return { sessionId, presence: presence ?? presenceInfo(id, UNSEEN, true) }
    },
    setUserOffline: async (userId, socketId, reason = 'client namespace disconnect') => {
      const id = idOf(userId)
      const held = dormant?.find(id, socketId) ?? local.find(id, socketId)
      if (held) await verbs.disconnectSession(held.handle, reason)
    },
    updateLastActivity: async (userId) => verbs.noteUserActivity(idOf(userId)),
    getUserPresence: async (userId, { viewerId } = {}) =>
      verbs.readPresence(idOf(userId), viewerId === undefined ? null : idOf(viewerId)),
    getOnlineProviders: async (cityId, serviceId, filters = {}) =>
      input.findProviders(textOf(cityId), textOf(serviceId), { online_status: ['online', 'away', 'dnd'], ...filters }),
    setCustomStatus: async (userId, status, message, { expiresIn } = {}) =>
      verbs.chooseStatus(idOf(userId), input.statusChange({ status, message, expires_in: expiresIn })),
    getBlockedUsers: async (userId) => (await verbs.listBlocks(idOf(userId))).map((blocked) => blocked.userId),
    blockUser: async (userId, viewerId) => verbs.setBlock(idOf(userId), idOf(viewerId), true),
    unblockUser: async (userId, viewerId) => verbs.setBlock(idOf(userId), idOf(viewerId), false),
    clearMessage: async (userId, { by }) => verbs.clearMessage(idOf(userId), by),
    cleanupInactiveSessions: () => verbs.cleanupInactiveSessions(),
    handleSocketError: (userId, error) => verbs.handleSocketError(userId, error),
    signOutEverywhere: async (userId, { revokeTokens = false } = {}) =>
      revokeTokens ? verbs.revokeTokens(idOf(userId)) : verbs.signOutEverywhere(idOf(userId)),
    ban: async (userId) => verbs.banUser(idOf(userId)),
    unban: async (userId) => verbs.unbanUser(idOf(userId)),
    userDeleted: async (userId) => verbs.forgetUser(idOf(userId)),
    exportUserData: async (userId) => input.exportUser(idOf(userId)),
    eraseUserData: async (userId) => verbs.eraseUser(idOf(userId), 'host'),
    isAllowed: async (userId, { issuedAt } = {}) => isAdmitted(verbs, idOf(userId), issuedAt),
  }
}

async function isAdmitted(
  verbs: Pick<PresenceVerbs, 'admit'>,
  userId: string,
  issuedAt: Date | number | null | undefined,
): Promise<boolean> {
  try {
    await verbs.admit(userId, issuedAt instanceof Date ? issuedAt.getTime() : issuedAt)
    return true
  } catch (error) {
    if (error instanceof PresenceError && !error.retryable) return false
    throw error
  }
}
