import type { Announcement, Broadcaster } from '../../broadcast/contract.ts'
import { isPresent } from '../../domain/status.ts'
import { UNSEEN, type View } from '../../domain/view.ts'
import type { Rollout } from './rollout.ts'

type Known = Pick<Rollout, 'decisions'>

/**
 * The view, unless it is of somebody who is not here and known to be switched off: a grace may end, and a host may have things told once
 * more, when they are off already (R71).
 *
 * @param own how the user is to themself
 */
export function viewUnlessOff(rollout: Known | null, userId: string, own: View, view: View): View {
  if (rollout === null || isPresent(own.status) || !rollout.decisions.isKnownOff(userId)) return view
  return { ...UNSEEN, version: view.version }
}

/** Tells nothing of those who are switched off, whoever announces it. */
export function hidingBroadcaster(broadcaster: Broadcaster, rollout: Known): Broadcaster {
  function hiding(announcement: Announcement): Announcement {
    const { userId, own } = announcement
    const stranger = viewUnlessOff(rollout, userId, own, announcement.stranger)
    if (stranger === announcement.stranger) return announcement
    const isSame = announcement.contact === announcement.stranger
    const contact = isSame ? stranger : viewUnlessOff(rollout, userId, own, announcement.contact)
    return { ...announcement, stranger, contact }
  }

  return {
    ...broadcaster,
    announce: (announcement) => broadcaster.announce(hiding(announcement)),
    remember: (announcement) => broadcaster.remember(hiding(announcement)),
    repeat: (announcement) => broadcaster.repeat(hiding(announcement)),
    place: (viewerId, standing, announcement, unheard) =>
      broadcaster.place(viewerId, standing, hiding(announcement), unheard),
  }
}
