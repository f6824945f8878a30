/** Who may know something of a user: everybody, the people they deal with, or nobody but themself. */
export const AUDIENCE_LEVELS = ['everyone', 'contacts', 'nobody'] as const
export type AudienceLevel = (typeof AUDIENCE_LEVELS)[number]

/** What a user lets others know, beside the switch that hides everything (R36). */
export interface Levels {
  readonly status: AudienceLevel
  readonly lastSeen: AudienceLevel
  /** Whether others get last seen only as the quarter of a day it lies in (see `coarsely`). */
  readonly coarse: boolean
}

/** Everything for everybody. One object for all, since hardly anybody narrows it. */
export const OPEN_LEVELS: Levels = { status: 'everyone', lastSeen: 'everyone', coarse: false }

/** Whether others may know, how much, since when it has been so, and the version of that decision. */
export interface Visibility {
  /** The switch above all levels: off, and others see somebody who was never here (R30). */
  readonly visible: boolean
  readonly levels: Levels
  /** Epoch milliseconds of the last time that strangers were let know more, or null. Nothing older is ever shown anew (R32). */
  readonly since: number | null
  /** The same for contacts. */
  readonly contactSince: number | null
  readonly version: number
}

export const VISIBLE: Visibility = {
  visible: true,
  levels: OPEN_LEVELS,
  since: null,
  contactSince: null,
  version: 0,
}

/** Those of a user's audiences that are told by levels. */
export type LevelledAudience = 'contact' | 'stranger'

/** What one audience may know. */
export interface Allowance {
  readonly status: boolean
  readonly lastSeen: boolean
  readonly coarse: boolean
}

export const levelsOf = ({ status, lastSeen, coarse }: Levels): Levels =>
  status === 'everyone' && lastSeen === 'everyone' && !coarse ? OPEN_LEVELS : { status, lastSeen, coarse }

/** Whether a user narrowed anything beside the switch. */
export const isOpen = (levels: Levels): boolean => levels === OPEN_LEVELS || levelsOf(levels) === OPEN_LEVELS

/** Whether it depends on the host's word who may know what. */
export const asksForContacts = ({ visible, levels }: Decided): boolean =>
  visible && (levels.status === 'contacts' || levels.lastSeen === 'contacts')

/** What a decision is about. */
export type Decided = Pick<Visibility, 'visible' | 'levels'>

export function allowanceOf(
  { visible, levels }: Pick<Visibility, 'visible' | 'levels'>,
  audience: LevelledAudience,
): Allowance {
  const allows = (level: AudienceLevel): boolean =>
    visible && (level === 'everyone' || (level === 'contacts' && audience === 'contact'))
  return { status: allows(levels.status), lastSeen: allows(levels.lastSeen), coarse: levels.coarse }
}

/** Whether the second lets an audience know anything that the first does not. */
const widens = (before: Allowance, after: Allowance): boolean =>
  (after.status && !before.status) || (after.lastSeen && (!before.lastSeen || (before.coarse && !after.coarse)))

const widensFor = (before: Decided, after: Decided, audience: LevelledAudience): boolean =>
  widens(allowanceOf(before, audience), allowanceOf(after, audience))

/** Whether the second decision takes anything from anybody that the first let them know: it then fails private (R32). */
export const narrows = (before: Decided, after: Decided): boolean =>
  widensFor(after, before, 'stranger') || widensFor(after, before, 'contact')

/** What a decision makes of the one before. @param now epoch milliseconds */
export function nextVisibility(before: Visibility, decided: Decided, version: number, now: number): Visibility {
  const { visible } = decided
  const levels = levelsOf(decided.levels)
  const since = widensFor(before, decided, 'stranger') ? now : before.since
  const contactSince = widensFor(before, decided, 'contact') ? now : before.contactSince
  if (levels !== OPEN_LEVELS) return { visible, levels, since, contactSince, version }
  const later = Math.max(since ?? 0, contactSince ?? 0) || null
  return { visible, levels, since: later, contactSince: later, version }
}
