import { type PresenceInfo, presenceInfo, viewFor } from '../domain/info.ts'
import { isShown, type UserRecord } from '../domain/user-record.ts'
import type { Announcement } from '../broadcast/contract.ts'
import type { View } from '../domain/view.ts'
import { isPresumed, isUnknownByNow, readBelieved } from './believe.ts'
import type { ServiceDeps } from './deps.ts'
import { userNotFound } from './records.ts'
import type { Snapshot } from './verbs.ts'

/** See {@link PresenceVerbs.readPresence}. */
export async function readPresence(deps: ServiceDeps, userId: string, viewerId: string | null): Promise<PresenceInfo> {
  // Somebody who asks for one user is told what is stored now, not a moment ago.
  deps.cold.forget(userId)
  const { records, stale } = await readBelieved(deps, [userId])
  const record = records.get(userId)
  if (!record) throw userNotFound()
  return word(record, viewerId, newestView(deps, record, viewerId), stale)
}

/** See {@link PresenceVerbs.readPresences}. */
export const readPresences = (
  deps: ServiceDeps,
  userIds: readonly string[],
  viewerId: string | null,
): Promise<Snapshot> => readSnapshot(deps, userIds, viewerId, {})

/** See {@link PresenceVerbs.watchUsers}. */
export async function watchUsers(
  deps: ServiceDeps,
  socketId: string,
  viewerId: string,
  users: readonly string[],
  known: Readonly<Record<string, string>>,
): Promise<Snapshot> {
  // First watch, then read: a change in between is told rather than lost (R41).
  deps.broadcast.watch(socketId, users)
  // Who watches while nothing is known hears everything once it is (R51).
  if (isUnknownByNow(deps)) return { presences: [], versions: {}, stale: true }
  return readSnapshot(deps, users, viewerId, known)
}

async function readSnapshot(
  deps: ServiceDeps,
  userIds: readonly string[],
  viewerId: string | null,
  known: Readonly<Record<string, string>>,
): Promise<Snapshot> {
  const { records, stale } = await readBelieved(deps, userIds)
  const presences: PresenceInfo[] = []
  const versions: Record<string, string> = {}
  for (const userId of userIds) {
    const record = records.get(userId)
    if (!record) continue
    if (!stale) deps.broadcast.remember(asRead(record, deps.hot.now()))
    const view = newestView(deps, record, viewerId)
    const version = String(view.version)
    if (known[userId] === version && !stale && !isPresumed(record)) continue
    presences.push(word(record, viewerId, view, stale))
    versions[userId] = version
  }
  return { presences, versions, stale }
}

/** News, should watchers have been told something older: whoever was told nothing yet is told by a snapshot. */
function asRead(record: UserRecord, at: number): Announcement {
  const { userId, own, stranger } = record
  return { userId, own, stranger, before: { own, stranger }, at, retracts: !isShown(record) }
}

/** What was announced while the record was being read, or before the store was lost, is newer than what was read. */
function newestView({ broadcast }: ServiceDeps, record: UserRecord, viewerId: string | null): View {
  const read = viewFor(record, viewerId)
  const told = broadcast.latest(record.userId, viewerId === record.userId ? 'own' : 'stranger')
  return told && told.version > read.version ? told : read
}

function word(record: UserRecord, viewerId: string | null, view: View, stale: boolean): PresenceInfo {
  const info = presenceInfo(record.userId, view, viewerId === record.userId ? record.visibility.visible : true)
  return stale || isPresumed(record) ? { ...info, stale: true } : info
}
