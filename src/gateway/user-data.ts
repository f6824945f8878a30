import { isoTime, ownInfo } from '../domain/info.ts'
import type { UserDataExport } from '../protocol/http.ts'
import type { UserData } from '../service/verbs.ts'

const iso = (at: number): string => new Date(at).toISOString()

/** Words all that is held of a user, for themself. */
export function wordUserData({ record, stored, receipt, at }: UserData): UserDataExport {
  const { userId, choice, lastActivityAt, sessions } = record
  return {
    user_id: userId,
    exported_at: iso(at),
    receipt,
    live: {
      presence: ownInfo(record),
      chosen: { status: choice.status, message: choice.message, expires_at: isoTime(choice.expiresAt) },
      last_activity: isoTime(lastActivityAt),
      sessions: sessions.map((session) => ({
        id: session.sessionId,
        device_type: session.deviceType,
        device_id: session.deviceId,
        connected_at: iso(session.connectedAt),
        last_active_at: iso(session.lastActivityAt),
      })),
    },
    stored,
  }
}
