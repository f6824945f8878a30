import { ownInfo, type PresenceInfo, presenceInfo, type Standing, STRANGER, viewAt } from '../domain/info.ts'
import { isPresent } from '../domain/status.ts'
import type { UserRecord } from '../domain/user-record.ts'
import type { View } from '../domain/view.ts'
import { type Believed, isPresumed, isUnknownByNow, readBelieved, readWhoIsKnown } from './believe.ts'
import type { ServiceDeps } from './deps.ts'
import { userNotFound } from './records.ts'
import { announcementOf, placeWatcher, standingIn } from './standings.ts'
import type { Snapshot } from './verbs.ts'

/** Where one viewer stands towards each user, where that is not where strangers do. */
type Standings = ReadonlyMap<string, Standing>

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
  const snapshot = snapshotOf(deps, userIds, { viewerId, standings: new Map(standings), known: {} }, believed)
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
  // Who watches while nothing is known hears everything once it is (R51).
  if (isUnknownByNow(deps)) return { presences: [], versions: {}, stale: true }
  // Of whom it is not known yet who they are to the viewer, nothing is told: what is meanwhile is in the snapshot (R34).
  deps.broadcast.hold(socketId, added)
  try {
    const believed = await readBelieved(deps, users, viewerId)
    const standings = await placeWatcher(deps, socketId, viewerId, believed.records.values())
    return snapshotOf(deps, users, { viewerId, standings, known }, believed)
  } finally {
    deps.broadcast.release(socketId, added)
  }
}

interface Reader {
  readonly viewerId: string | null
  readonly standings: Standings
  /** Versions they have. */
  readonly known: Readonly<Record<string, string>>
}

function snapshotOf(
  deps: ServiceDeps,
  userIds: readonly string[],
  { viewerId, standings, known }: Reader,
  { records, stale }: Believed,
): Snapshot {
  const presences: PresenceInfo[] = []
  const versions: Record<string, string> = {}
  for (const userId of userIds) {
    const record = records.get(userId)
    if (!record) continue
    if (!stale) deps.broadcast.remember(announcementOf(record, deps.hot.now()))
    const view = newestView(deps, record, viewerId, standings.get(userId) ?? STRANGER)
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
  const { audience } = standing
  return viewAt(audience === 'nobody' ? record : { ...record, [audience]: newest(audience) }, standing)
}

/** Only who is shown as present can be presumed so: whoever hid looks like anybody who is not here (R30). */
const isDoubted = (record: UserRecord, view: View): boolean => isPresent(view.status) && isPresumed(record)

function word(record: UserRecord, viewerId: string | null, view: View, stale: boolean): PresenceInfo {
  const info = viewerId === record.userId ? ownInfo({ ...record, own: view }) : presenceInfo(record.userId, view, true)
  return stale || isDoubted(record, view) ? { ...info, stale: true } : info
}
