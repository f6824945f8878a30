/** What a presence can be. The order is also the order in which words and counts list them. */
export const STATUSES = ['online', 'away', 'dnd', 'offline'] as const
export type Status = (typeof STATUSES)[number]

/** What a user may pick. `offline` is not among them: that is what hiding is for (R11). */
export const CHOOSABLE_STATUSES = ['online', 'away', 'dnd'] as const
export type ChoosableStatus = (typeof CHOOSABLE_STATUSES)[number]

/** A status that stays picked; picking `online` means following activity again. */
export type ChosenStatus = Exclude<ChoosableStatus, 'online'>

/** Present means at least one live session, whatever the user picked. */
export const isPresent = (status: Status): boolean => status !== 'offline'

/** Seconds a choice may last at most: 30 days. */
export const MAX_EXPIRES_IN_S = 2_592_000

/** How available a status is; a higher number answers sooner. Search sorts by it. */
export const AVAILABILITY: Record<Status, number> = { online: 3, away: 2, dnd: 1, offline: 0 }
