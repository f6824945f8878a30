import type { Presence } from 'porchlight/client'

/** A character that resembles the mark, for where only text fits: the title of a tab. */
export const TITLE_MARKS: Record<Presence['status'], string> = {
  online: '●',
  away: '☾',
  dnd: '⊖',
  offline: '○',
  unknown: '–',
}
