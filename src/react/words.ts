import type { Presence } from '../client/contract.ts'
import { timeText } from '../domain/last-seen.ts'

/** What a reader sees or hears. Plain strings: they may come from a catalogue, and pass from a server to a browser. */
export interface PresenceWords {
  /** @default 'online' */
  online: string
  /** @default 'away' */
  away: string
  /** @default 'do not disturb' */
  dnd: string
  /** @default 'offline' */
  offline: string
  /** Nobody answered yet, or contact has been lost for long. @default 'status unknown' */
  unknown: string
  /** Said after a status that may be out of date. @default 'may be out of date' */
  stale: string
  /** `{time}` stands for the relative time. @default 'last seen {time}' in English, else '{time}' */
  lastSeen: string
}

/** The part of a presence that words are made of. */
export type Worded = Pick<Presence, 'status' | 'lastSeen'>

const ENGLISH: PresenceWords = {
  online: 'online',
  away: 'away',
  dnd: 'do not disturb',
  offline: 'offline',
  unknown: 'status unknown',
  stale: 'may be out of date',
  lastSeen: 'last seen {time}',
}

/** Fills in what the host did not translate. No English is put around a time in another language. */
export function resolveWords(locale: string, words: Partial<PresenceWords> = {}): PresenceWords {
  const lastSeen = locale.startsWith('en') ? ENGLISH.lastSeen : '{time}'
  return { ...ENGLISH, lastSeen, ...words }
}

/** When somebody who is not here was last seen, epoch milliseconds; null when it is not known, or they are here. */
export const goneAt = ({ status, lastSeen }: Worded): number | null =>
  status === 'offline' && lastSeen !== null ? Date.parse(lastSeen) : null

/** "online", "last seen 5 minutes ago", or "offline" when nobody may know since when (R30). */
export function presenceText(presence: Worded, now: number, locale: string, words: PresenceWords): string {
  const at = goneAt(presence)
  if (at === null) return words[presence.status]
  return words.lastSeen.replace('{time}', () => timeText(at, now, locale))
}

/** What a mark says to who does not see it: "online", "Marta: away, may be out of date". */
export function markLabel(status: Presence['status'], stale: boolean, words: PresenceWords, name = ''): string {
  const said = stale && status !== 'unknown' ? `${words[status]}, ${words.stale}` : words[status]
  return name === '' ? said : `${name}: ${said}`
}
