import type { PresenceExplanation } from 'porchlight/protocol'

const WORDS: Record<NonNullable<PresenceExplanation['status']>, string> = {
  online: 'Online',
  away: 'Away',
  dnd: 'Do not disturb',
  offline: 'Offline',
  unknown: 'Unknown',
}

/** @param status null: there is nobody */
export const statusWords = (status: PresenceExplanation['status']): string =>
  status === null ? 'Nobody' : WORDS[status]
