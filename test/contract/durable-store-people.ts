import { randomUUID } from 'node:crypto'
import { newRecord, type UserRecord } from '../../src/domain/user-record.ts'
import { UNSEEN } from '../../src/domain/view.ts'
import { VISIBLE } from '../../src/domain/visibility.ts'
import type { DurableStore, SessionRow } from '../../src/store/contract.ts'
import type { MemoryProvider } from '../../src/store/memory/search-providers.ts'
import type { HostColumns } from '../../src/store/memory/stored-user.ts'

export const NOW = Date.UTC(2026, 10, 24, 12, 0, 0, 123)
export const MINUTE = 60_000

/** A durable store under test, and the host's table below it. */
export interface DurableStoreUnderTest {
  readonly store: DurableStore
  /** Adds a user with an id of its own, or this one. */
  addUser(columns?: Partial<HostColumns>, id?: string): Promise<string>
  hostRow(userId: string): Promise<HostColumns | null>
  /** Writes to the host's table by the host's own hand. */
  writeHostRow(userId: string, columns: Partial<HostColumns>): Promise<void>
  close(): Promise<void>
}

/** Opens a store without users; with a directory of these providers, who are users then, unless there is none. */
export type OpenDurableStore = (providers: readonly MemoryProvider[] | null) => Promise<DurableStoreUnderTest>

/** Somebody present who chose dnd, every field different from every other. */
export function presentRecord(userId: string, { expiresAt = null }: { expiresAt?: number | null } = {}): UserRecord {
  const version = NOW * 1000 + 321
  const message = 'back soon'
  const stranger = { status: 'dnd', lastSeenAt: NOW - 5, message, version: version - 4 } as const
  return {
    ...newRecord(userId),
    version,
    choice: { status: 'dnd', message, expiresAt, version: version - 1 },
    visibility: { ...VISIBLE, since: NOW - 60 * MINUTE, contactSince: NOW - 60 * MINUTE, version: version - 2 },
    lastActivityAt: NOW,
    lastSeenAt: NOW - 3,
    shown: { lastSeenAt: NOW - 2, lastActivityAt: NOW - 1, contactSeenAt: NOW - 2 },
    own: { status: 'dnd', lastSeenAt: NOW - 4, message, version: version - 3 },
    contact: stranger,
    stranger,
    deadline: expiresAt,
  }
}

export function offlineRecord(userId: string, version: number): UserRecord {
  const view = { status: 'offline', lastSeenAt: NOW, message: null, version } as const
  return { ...newRecord(userId), version, lastSeenAt: NOW, own: view, contact: view, stranger: view }
}

export function hiddenRecord(userId: string): UserRecord {
  const record = presentRecord(userId)
  const visibility = { ...VISIBLE, visible: false, version: record.version }
  const others = { ...UNSEEN, version: record.version - 4 }
  return { ...record, visibility, contact: others, stranger: others }
}

export const sessionOf = (userId: string): SessionRow => ({
  sessionId: randomUUID(),
  userId,
  socketId: 'socket',
  deviceType: 'web',
  ipAddress: null,
  userAgent: null,
  connectedAt: NOW,
  lastPing: NOW,
  isActive: true,
})

export const saveVisibility = (store: DurableStore, userId: string, visible: boolean, version: number): Promise<void> =>
  saveDecided(store, userId, visible, version, visible ? NOW : null)

/** A decision about the switch alone. */
export const saveDecided = (
  store: DurableStore,
  userId: string,
  visible: boolean,
  version: number,
  since: number | null,
): Promise<void> =>
  store.saveDecision({
    kind: 'visibility',
    userId,
    visibility: { ...VISIBLE, visible, version, since, contactSince: since },
  })

export async function saveChoices(
  store: DurableStore,
  userId: string,
  ...choices: readonly UserRecord['choice'][]
): Promise<void> {
  for (const choice of choices) await store.saveDecision({ kind: 'choice', userId, choice })
}
