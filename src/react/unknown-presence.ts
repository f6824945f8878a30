import type { Presence } from '../client/contract.ts'

/** What a server can say of anybody: rendering there asks nobody, so that the browser's first rendering is the same. */
export const unknownPresence = (userId: string): Presence => ({
  userId,
  status: 'unknown',
  lastSeen: null,
  message: null,
  stale: false,
})
