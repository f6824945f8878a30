import type { MessageReports } from 'porchlight/protocol'
import { type Http, refusalOf } from '../api/http.ts'

/** What the service lets staff do. */
export interface StaffDesk {
  /** What nobody has settled, oldest first. */
  reports(cursor: string | null, signal: AbortSignal): Promise<MessageReports>
  /** Takes somebody's message away and settles what was reported of them. */
  clear(userId: string): Promise<void>
}

/** @param newToken a token of the member of staff; asked for when there is none, and when the one at hand was refused */
export function createStaffDesk(http: Http, newToken: () => Promise<string>): StaffDesk {
  let token: Promise<string> | null = null

  const ask = async <T>(path: string, request: { method?: 'DELETE'; signal?: AbortSignal }): Promise<T> => {
    token ??= newToken()
    return await http<T>(path, { ...request, token: await token })
  }
  const inTheirName = async <T>(...asked: Parameters<typeof ask>): Promise<T> => {
    try {
      return await ask<T>(...asked)
    } catch (error) {
      const isOld = token !== null && refusalOf(error).status === 401
      token = null
      if (!isOld) throw error
      return await ask<T>(...asked)
    }
  }
  return {
    reports: (cursor, signal) =>
      inTheirName(`/api/users/presence/reports${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ''}`, { signal }),
    clear: (userId) => inTheirName(`/api/users/presence/${encodeURIComponent(userId)}/message`, { method: 'DELETE' }),
  }
}
