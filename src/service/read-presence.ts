import { setTimeout as sleep } from 'node:timers/promises'
import { ownInfo, type PresenceInfo, presenceInfo, type Standing, STRANGER, viewAt } from '../domain/info.ts'
import { isPresent } from '../domain/status.ts'
import type { UserRecord } from '../domain/user-record.ts'
import type { View } from '../domain/view.ts'
import { type Believed, isPresumed, isUnknownByNow, readBelieved, readWhoIsKnown } from './believe.ts'
import type { ServiceDeps } from './deps.ts'
import { COLD_BATCH } from './record-loader.ts'
import { userNotFound } from './records.ts'
import { announcementOf, placeWatcher, standingIn } from './standings.ts'
import type { Snapshot } from './verbs.ts'

/** See {@link PresenceVerbs.readPresence}. */
export async function readPresence(deps: ServiceDeps, userId: string, viewerId: string | null): Promise<PresenceInfo> {
  // Somebody who asks for one user is told what is stored now, not a moment ago.
  if (viewerId !== userId) deps.cold.forget(userId)
  const { records, stale } = await readBelieved(deps, [userId], viewerId)
  const record = records.get(userId)
  if (!record) throw userNotFound()
  const standing = await standingIn(deps, record, viewerId)
  return word(record, viewerId, newestView(deps, record, viewerId, standing), stale)
}

/** See {@link PresenceVerbs.readPresences}. */
export async function readPresences(
  deps: ServiceDeps,
  userIds: readonly string[],
  viewerId: string | null,
): Promise<Snapshot> {
  const believed = await readWhoIsKnown(deps, userIds, viewerId)
  const standings = await Promise.all(
    [...believed.records.values()].map(
      async (record) => [record.userId, await standingIn(deps, record, viewerId)] as const,
    ),
  )
  remember(deps, believed, userIds)
  const where = new Map(standings)
  const reader: Reader = { viewerId, standing: (userId) => where.get(userId) ?? STRANGER, known: {} }
  const snapshot = snapshotOf(deps, userIds, reader, believed)
  return believed.isPartial ? { ...snapshot, stale: true } : snapshot
}

/** See {@link PresenceVerbs.watchUsers}. */
export async function watchUsers(
  deps: ServiceDeps,
  socketId: string,
  viewerId: string,
  users: readonly string[],
  known: Readonly<Record<string, string>>,
): Promise<Snapshot> {
  // First watch, then read: a change in between is told rather than lost (R41).
  const added = deps.broadcast.watch(socketId, users)
  // Of whom it is not known yet who they are to the viewer, nothing is told: what is meanwhile is in the snapshot (R34).
  deps.broadcast.hold(socketId, added)
  let isAnswered = false
  try {
    // Who watches while nothing is known hears everything once it is (R51).
    if (isUnknownByNow(deps)) return { presences: [], versions: {}, stale: true }
    const believed = await readInTurns(deps, users, viewerId)
    const placed = await placeWatcher(deps, socketId, viewerId, believed.records.values())
    await rememberInTurns(deps, believed, users)
    // Since their record was read, somebody may have blocked this viewer: who was told where they stand knows best (R37).
    const standing = (userId: string): Standing =>
      deps.broadcast.standing(socketId, userId) ?? placed.get(userId) ?? STRANGER
    const snapshot = snapshotOf(deps, users, { viewerId, standing, known }, believed)
    isAnswered = true
    return snapshot
  } finally {
    deps.broadcast.release(socketId, isAnswered ? users : added, isAnswered)
  }
}

/** Users in one go: those of one statement, so that a list takes one connection to PostgreSQL at a time, and no more of it than others. */
const GO = COLD_BATCH
/** Milliseconds. A go that took longer waited for something that is slow for everybody. */
const LONGEST_REST_MS = 50

/**
 * After each go everybody else has as long as it took: two thousand at once would keep them waiting for tens of milliseconds, here and
 * in PostgreSQL.
 *
 * @throws {PresenceError} STORE_UNAVAILABLE
 */
async function readInTurns(deps: ServiceDeps, userIds: readonly string[], viewerId: string): Promise<Believed> {
  const records = new Map<string, UserRecord>()
  let stale = false
  for (let at = 0; at < userIds.length; at += GO) {
    const startedAt = performance.now()
    const next = await readBelieved(deps, userIds.slice(at, at + GO), viewerId)
    for (const [userId, record] of next.records) records.set(userId, record)
    stale ||= next.stale
    if (at + GO < userIds.length) await sleep(Math.min(performance.now() - startedAt, LONGEST_REST_MS))
  }
  return { records, stale }
}

async function rememberInTurns(deps: ServiceDeps, believed: Believed, userIds: readonly string[]): Promise<void> {
  for (let at = 0; at < userIds.length; at += GO) {
    if (at > 0) await new Promise((resolve) => setImmediate(resolve))
    remember(deps, believed, userIds.slice(at, at + GO))
  }
}

/** Takes what was read for what watchers of these users know. */
function remember(deps: ServiceDeps, { records, stale }: Believed, userIds: readonly string[]): void {
  if (stale) return
  for (const userId of userIds) {
    const record = records.get(userId)
    if (record) deps.broadcast.remember(announcementOf(record, deps.hot.now()))
  }
}

interface Reader {
  readonly viewerId: string | null
  /** Where they stand towards a user. */
  readonly standing: (userId: string) => Standing
  /** Versions they have. */
  readonly known: Readonly<Record<string, string>>
}

/** In one go, so that what becomes of anybody is either in it or told after it (R41). */
function snapshotOf(
  deps: ServiceDeps,
  userIds: readonly string[],
  { viewerId, standing, known }: Reader,
  { records, stale }: Believed,
): Snapshot {
  const presences: PresenceInfo[] = []
  const versions: Record<string, string> = {}
  for (const userId of userIds) {
    const record = records.get(userId)
    if (!record) continue
    const view = newestView(deps, record, viewerId, standing(userId))
    const version = String(view.version)
    if (known[userId] === version && !stale && !isDoubted(record, view)) continue
    presences.push(word(record, viewerId, view, stale))
    versions[userId] = version
  }
  return { presences, versions, stale }
}

/** What was announced while the record was being read, or before the store was lost, is newer than what was read. */
function newestView({ broadcast }: ServiceDeps, record: UserRecord, viewerId: string | null, standing: Standing): View {
  const newest = (audience: 'own' | 'contact' | 'stranger'): View => {
    const told = broadcast.latest(record.userId, audience)
    return told && told.version > record[audience].version ? told : record[audience]
  }
  if (viewerId === record.userId) return newest('own')
  return viewAt({ own: record.own, contact: newest('contact'), stranger: newest('stranger') }, standing)
}

/** Only who is shown as present can be presumed so: whoever hid looks like anybody who is not here (R30). */
const isDoubted = (record: UserRecord, view: View): boolean => isPresent(view.status) && isPresumed(record)

function word(record: UserRecord, viewerId: string | null, view: View, stale: boolean): PresenceInfo {
  const info = viewerId === record.userId ? ownInfo({ ...record, own: view }) : presenceInfo(record.userId, view, true)
  return stale || isDoubted(record, view) ? { ...info, stale: true } : info
}
