import { newRecord, type UserRecord } from '../../src/domain/user-record.ts'

/** Somebody as the projection is given them. @param at epoch milliseconds of the change */
export function recordOf(userId: string, present: boolean, at: number): UserRecord {
  const version = at * 1_000
  const view = { status: present ? 'online' : 'offline', lastSeenAt: at, message: null, version } as const
  const blank = newRecord(userId)
  const shown = { lastSeenAt: at, lastActivityAt: at, contactSeenAt: at }
  return { ...blank, version, lastActivityAt: at, lastSeenAt: at, shown, own: view, contact: view, stranger: view }
}
