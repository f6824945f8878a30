import type { Announcement } from '../broadcast/contract.ts'
import { audienceOf, isLiveFor, type Standing, standingOf, tellsContactsApart } from '../domain/info.ts'
import type { UserRecord } from '../domain/user-record.ts'
import type { ServiceDeps } from './deps.ts'

type Known = Pick<UserRecord, 'userId' | 'visibility' | 'pairs' | 'contact' | 'stranger'>

/**
 * Where a viewer, who is not the user themself, stands towards the user (R36, R37). Asks the host only when that decides anything.
 *
 * @param viewerId null for somebody who is not known
 */
export async function standingIn(
  { relations }: Pick<ServiceDeps, 'relations'>,
  known: Known,
  viewerId: string | null,
): Promise<Standing> {
  const { userId, visibility, pairs } = known
  const asks = audienceOf(known, viewerId) === 'asks'
  const isContact = asks && viewerId !== null && (await relations.isContact(viewerId, userId, visibility.version))
  return standingOf(pairs, viewerId, isContact ? 'contact' : 'stranger')
}

/** Whether this viewer may be answered from the live store, whoever is in it (see {@link isLiveFor}). */
export async function mayReadLive(
  deps: Pick<ServiceDeps, 'relations'>,
  record: UserRecord,
  viewerId: string | null,
): Promise<boolean> {
  if (viewerId === record.userId) return true
  const { audience } = await standingIn(deps, record, viewerId)
  return audience !== 'nobody' && isLiveFor(record, audience)
}

/** How somebody is, said to those who may know something older. */
export const announcementOf = (
  { userId, own, contact, stranger, visibility }: UserRecord,
  at: number,
): Announcement => ({
  userId,
  own,
  contact,
  stranger,
  before: { own, contact, stranger },
  at,
  // Whoever narrowed anything may have done so just now.
  retracts: !visibility.visible || contact !== stranger,
})

/** Puts everybody here who watches the user, and need not be a stranger, where they stand by now. */
export async function placeViewers(
  deps: Pick<ServiceDeps, 'relations' | 'broadcast'>,
  known: Known,
  announcement: Announcement,
): Promise<void> {
  const { userId, pairs } = known
  const viewers = new Set(pairs.map(({ viewerId }) => viewerId))
  if (tellsContactsApart(known)) for (const viewerId of deps.broadcast.viewersOf(userId)) viewers.add(viewerId)
  await Promise.all(
    [...viewers].map(async (viewerId) =>
      deps.broadcast.place(viewerId, await standingIn(deps, known, viewerId), announcement),
    ),
  )
}

/** Whoever is blocked is told nothing from now on: that needs nobody's word. */
export function placeBlocked(
  { broadcast }: Pick<ServiceDeps, 'broadcast'>,
  pairs: UserRecord['pairs'],
  announcement: Announcement,
): void {
  for (const { viewerId, blocked } of pairs) {
    if (blocked) broadcast.place(viewerId, standingOf(pairs, viewerId, 'stranger'), announcement)
  }
}

/**
 * Places a viewer who watches through a connection that is about to be answered: until it is known where they stand, they are told
 * nothing of those users (R34).
 *
 * @returns where they stand, by user id
 */
export async function placeWatcher(
  deps: ServiceDeps,
  socketId: string,
  viewerId: string,
  records: Iterable<UserRecord>,
): Promise<Map<string, Standing>> {
  const others = [...records].filter(({ userId }) => userId !== viewerId)
  const special = others.filter((record) => record.pairs.length > 0 || tellsContactsApart(record))
  const asked = special.filter((record) => audienceOf(record, viewerId) === 'asks').map(({ userId }) => userId)
  if (special.length === 0) return new Map()
  deps.broadcast.hold(socketId, asked)
  try {
    const placed = special.map(async (record): Promise<[string, Standing]> => {
      const standing = await standingIn(deps, record, viewerId)
      return [record.userId, deps.broadcast.place(viewerId, standing, announcementOf(record, deps.hot.now()), socketId)]
    })
    return new Map(await Promise.all(placed))
  } finally {
    deps.broadcast.release(socketId, asked, true)
  }
}
