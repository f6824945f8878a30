import { infoFor, type PresenceInfo, presenceInfo, viewFor } from '../domain/info.ts'
import type { ServiceDeps } from './deps.ts'
import { readRecord, readRecords } from './records.ts'
import type { Snapshot } from './verbs.ts'

/** See {@link PresenceVerbs.readPresence}. */
export const readPresence = async (deps: ServiceDeps, userId: string, viewerId: string | null): Promise<PresenceInfo> =>
  infoFor(await readRecord(deps, userId), viewerId)

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
  return readSnapshot(deps, users, viewerId, known)
}

async function readSnapshot(
  deps: ServiceDeps,
  userIds: readonly string[],
  viewerId: string | null,
  known: Readonly<Record<string, string>>,
): Promise<Snapshot> {
  const records = await readRecords(deps, userIds)
  const presences: PresenceInfo[] = []
  const versions: Record<string, string> = {}
  for (const userId of userIds) {
    const record = records.get(userId)
    if (!record) continue
    const isSelf = viewerId === userId
    const read = viewFor(record, viewerId)
    const told = deps.broadcast.latest(userId, isSelf ? 'own' : 'stranger')
    // What was announced while this was being read is newer than what was read.
    const view = told && told.version > read.version ? told : read
    const version = String(view.version)
    if (known[userId] === version) continue
    presences.push(presenceInfo(userId, view, isSelf ? record.visibility.visible : true))
    versions[userId] = version
  }
  return { presences, versions, stale: false }
}
