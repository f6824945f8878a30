import { OPEN_ACCESS, saidAt } from '../../domain/access.ts'
import { PresenceError } from '../../domain/errors.ts'
import { type UserIdCodec, uuidIds } from '../../domain/user-id.ts'
import { isPresent } from '../../domain/status.ts'
import type { UserRecord } from '../../domain/user-record.ts'
import type { AuditLine, Decision, DurableStore, ProviderSearch, SessionRow } from '../contract.ts'
import { endStored } from './end-leftovers.ts'
import {
  fits,
  listingOf,
  type MemoryProvider,
  NEVER_SEEN,
  type PublicPresence,
  searchProviders,
} from './search-providers.ts'
import {
  decideOn,
  type HostColumns,
  loadStored,
  NEW_HOST_COLUMNS,
  projectOnto,
  type StoredUser,
} from './stored-user.ts'

export interface MemoryDurableStoreOptions {
  /** @default uuidIds */
  userId?: UserIdCodec
  /** Which process this is, for `recordAlive`. @default 'memory' */
  nodeId?: string
  /** Whom a search finds, or null: then nobody can search. @default null */
  providers?: readonly MemoryProvider[] | null
}

/** A durable store with the host's users in it, for tests that have no PostgreSQL. It lasts as long as the process. */
export interface MemoryDurableStore extends DurableStore {
  /** Adds a user to the host's table, with columns that differ from the defaults; harmless when they are there. */
  addUser(userId: string, columns?: Partial<HostColumns>): void
  /** Deletes a user with all that was stored of them. */
  deleteUser(userId: string): void
  /** The host's columns of a user, or null when there is no such user. */
  hostColumns(userId: string): HostColumns | null
  /** The host's own hand in its table: what it writes there we only find out when we read. */
  writeHostColumns(userId: string, columns: Partial<HostColumns>): void
  /** Users whose stored presence strangers may take for this; whoever has no row of ours yet is offline. */
  usersWho(filter: Pick<ProviderSearch, 'statuses' | 'seenSince' | 'activeSince'>, hidden: readonly string[]): string[]
}

const DAY_MS = 86_400_000
const NO_BLOCKINGS: StoredUser['blockings'] = new Map()

/**
 * The memory twin of PostgreSQL: the same promises by the same guards (`test/contract/durable-store.ts`), durable only as long as
 * the process. Verbs are atomic, because nothing in them waits.
 */
export function createMemoryDurableStore(options: MemoryDurableStoreOptions = {}): MemoryDurableStore {
  const { userId: codec = uuidIds, nodeId = 'memory', providers = null } = options
  const users = new Map<string, StoredUser>()
  const sessions = new Map<string, SessionRow>()
  const erasedAt = new Map<string, number>()
  const audit: AuditLine[] = []
  const shortened = new Set<string>()
  let shortenedUntil = Number.NEGATIVE_INFINITY
  const aliveAt = new Map<string, number>()

  function update(userId: string, change: (user: StoredUser) => StoredUser): boolean {
    const user = users.get(userId)
    if (user) users.set(userId, change(user))
    return user !== undefined
  }

  const publicOf = (userId: string): PublicPresence | null => {
    const row = users.get(userId)?.row
    return row ? { view: row.record.stranger, activityAt: row.publicActivityAt } : null
  }

  function saveDecision(decision: Decision): void {
    const { userId } = decision
    // Decided before everything was erased, it is not to come back.
    const isErased = decision.kind === 'block' && decision.version <= (erasedAt.get(userId) ?? 0) * 1_000
    const found = update(userId, (user) => (isErased ? user : decideOn(userId, user, decision)))
    if (!found) throw new PresenceError('USER_NOT_FOUND', 'There is no such user.')
  }

  /** What was written of a connection at first stays; an ended session stays ended. */
  function saveSession(row: SessionRow): void {
    if (!users.has(row.userId) || row.connectedAt <= (erasedAt.get(row.userId) ?? Number.NEGATIVE_INFINITY)) return
    const blank = row.connectedAt > shortenedUntil ? row : { ...row, ipAddress: null, userAgent: null }
    const { ipAddress, userAgent, lastPing, isActive } = sessions.get(row.sessionId) ?? blank
    sessions.set(row.sessionId, {
      ...row,
      ipAddress,
      userAgent,
      lastPing: Math.max(lastPing, row.lastPing),
      isActive: isActive && row.isActive,
    })
  }

  function endLeftovers(now: number): number {
    const moments = [...aliveAt.values()]
    // A clock that stepped back must not date an end into the future.
    const lastAliveAt = moments.length === 0 ? null : Math.min(Math.max(...moments), now)
    const ofUser = (userId: string) => [...sessions.values()].filter((session) => session.userId === userId)
    for (const [userId, user] of users) {
      users.set(userId, endStored(user, { sessions: ofUser(userId), aliveAt: lastAliveAt, now }))
    }
    const active = [...sessions.values()].filter(({ isActive }) => isActive)
    for (const session of active) {
      const lastPing = Math.max(session.lastPing, lastAliveAt ?? session.lastPing)
      sessions.set(session.sessionId, { ...session, isActive: false, lastPing })
    }
    // Each start names itself anew; the newest one stays, as evidence.
    for (const [node, at] of aliveAt) if (at < (lastAliveAt ?? 0) - DAY_MS) aliveAt.delete(node)
    return active.length
  }

  return {
    load: async (userIds) =>
      [...new Set(userIds)].flatMap((userId) => {
        const user = users.get(userId)
        return user ? [loadStored(userId, user)] : []
      }),
    saveDecision: async (decision) => saveDecision(decision),
    accessSince: async (after, limit) =>
      [...users]
        .map(([userId, { access }]) => ({ userId, access, saidAt: saidAt(access) }))
        .filter((row) => row.saidAt > after)
        .toSorted((a, b) => a.saidAt - b.saidAt)
        .slice(0, limit),
    missingUsers: async (userIds) => userIds.filter((userId) => !users.has(userId)),
    project: async (records) => {
      for (const record of newestOf(records)) update(record.userId, (user) => projectOnto(user, record))
    },
    saveSessions: async (rows) => {
      for (const row of rows) saveSession(row)
    },
    sessionDetails: async (sessionIds) =>
      new Map(
        sessionIds.flatMap((sessionId) => {
          const row = sessions.get(sessionId)
          if (!row) return []
          const { ipAddress, userAgent, lastPing } = row
          return [[sessionId, { ipAddress, userAgent, lastPing }] as const]
        }),
      ),
    endLeftovers: async (now) => endLeftovers(now),
    presentUsers: async (after, limit) =>
      page(
        [...users].filter(([, { row }]) => row !== null && isPresent(row.record.own.status)).map(([userId]) => userId),
        (userId) => userId,
        after,
        limit,
      ),
    activeSessions: async (after, limit) =>
      page(
        [...sessions.values()]
          .filter(({ isActive }) => isActive)
          .map(({ sessionId, userId }) => ({ sessionId, userId })),
        ({ sessionId }) => sessionId,
        after,
        limit,
      ),
    endSessions: async (sessionIds) => {
      for (const sessionId of sessionIds) {
        const row = sessions.get(sessionId)
        if (row) sessions.set(sessionId, { ...row, isActive: false })
      }
    },
    shortenSessions: async (before, limit, shorten) => {
      const old = [...sessions.values()]
        .filter(({ sessionId, connectedAt }) => connectedAt < before && !shortened.has(sessionId))
        .toSorted((a, b) => a.connectedAt - b.connectedAt)
        .slice(0, limit)
      for (const row of old) {
        sessions.set(row.sessionId, { ...row, ...shorten(row) })
        shortened.add(row.sessionId)
        shortenedUntil = Math.max(shortenedUntil, row.connectedAt)
      }
      return old.length
    },
    deleteSessions: async (before, limit) => {
      const old = [...sessions.values()].filter((row) => row.connectedAt < before && !row.isActive).slice(0, limit)
      for (const { sessionId } of old) sessions.delete(sessionId)
      return old.length
    },
    countOldSessions: async (before) => {
      const goes = (row: SessionRow) => row.connectedAt < before.deleted && !row.isActive
      const isLong = (row: SessionRow) => row.connectedAt < before.shortened && !shortened.has(row.sessionId)
      const rows = [...sessions.values()]
      return { deleted: rows.filter(goes).length, shortened: rows.filter((row) => !goes(row) && isLong(row)).length }
    },
    exportUser: async (userId, line) => {
      const user = users.get(userId)
      if (!user) return null
      audit.push(line)
      const rows = user.row === null ? [] : [{ ...user.row.record }]
      const own = [...sessions.values()].filter((session) => session.userId === userId)
      return {
        users: [{ ...user.host }],
        porchlight_presence: rows,
        user_sessions: own.map((row) => ({ ...row })),
        porchlight_blocks: [...user.blockings.values()].map((row) => ({ ...row })),
      }
    },
    eraseUser: async (erased, line) => {
      const { userId } = erased
      update(userId, (user) => {
        const next = projectOnto(user, erased)
        return {
          ...next,
          blockings: NO_BLOCKINGS,
          host: { ...next.host, last_activity: next.row?.record.shown.lastActivityAt ?? null },
        }
      })
      const gone = [...sessions.values()].filter((row) => row.userId === userId && row.connectedAt <= line.at)
      for (const { sessionId } of gone) sessions.delete(sessionId)
      erasedAt.set(userId, Math.max(erasedAt.get(userId) ?? line.at, line.at))
      audit.push(line)
      return 1 + gone.length
    },
    recordAlive: async (now) => void aliveAt.set(nodeId, Math.max(aliveAt.get(nodeId) ?? now, now)),
    findProviders: async (search) => {
      if (providers === null) throw new PresenceError('NOT_FOUND', 'There is no directory of providers here.')
      return searchProviders(providers, publicOf, codec, search)
    },
    listings: async (userIds) => {
      const wanted = new Set(userIds)
      const listed = (providers ?? []).filter(({ id }) => wanted.has(id))
      return new Map(listed.map((provider) => [provider.id, listingOf(provider, publicOf(provider.id))]))
    },
    // The directory in memory is searched as it is: there is no copy of it.
    refreshListing: async () => [],
    refreshListingAfter: async () => ({ last: null, compared: 0, changed: [] }),
    recountListing: async () => 0,
    ping: async () => true,
    addUser: (userId, columns = {}) => {
      if (!users.has(userId)) {
        users.set(userId, {
          host: { ...NEW_HOST_COLUMNS, ...columns },
          row: null,
          access: OPEN_ACCESS,
          blockings: NO_BLOCKINGS,
        })
      }
    },
    deleteUser: (userId) => {
      users.delete(userId)
      for (const { sessionId, userId: owner } of sessions.values()) if (owner === userId) sessions.delete(sessionId)
    },
    hostColumns: (userId) => users.get(userId)?.host ?? null,
    writeHostColumns: (userId, columns) =>
      void update(userId, (user) => ({ ...user, host: { ...user.host, ...columns } })),
    usersWho: (filter, hidden) =>
      [...users.keys()].filter((userId) => {
        return fits((hidden.includes(userId) ? null : publicOf(userId)) ?? NEVER_SEEN, filter)
      }),
  }
}

/** Rows after the one with the key `after`, in order of their keys. */
function page<Row>(rows: readonly Row[], keyOf: (row: Row) => string, after: string | null, limit: number): Row[] {
  return rows
    .filter((row) => after === null || keyOf(row) > after)
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .slice(0, limit)
}

/** Of several records of a user in one batch the newest counts, as in one statement. */
function newestOf(records: readonly UserRecord[]): UserRecord[] {
  const newest = new Map<string, UserRecord>()
  for (const record of records) {
    const other = newest.get(record.userId)
    if (!other || other.version < record.version) newest.set(record.userId, record)
  }
  return [...newest.values()]
}
