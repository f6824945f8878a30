import type { PresenceInfo, StatusChoice } from '../presence/wire.ts'
import type { Http } from './http.ts'

/** One device the person is signed in on. */
export interface DeviceSession {
  readonly id: string
  readonly device_type: 'web' | 'mobile' | 'desktop'
  readonly device_id?: string | null
  readonly device_name?: string | null
  readonly user_agent?: string | null
  readonly connected_at: string
  readonly last_active_at?: string | null
  readonly current?: boolean
}

const ROOT = '/api/users/presence'

export const fetchOwnPresence = async (http: Http, userId: string): Promise<PresenceInfo> =>
  await http<PresenceInfo>(`${ROOT}/${encodeURIComponent(userId)}`)

export const patchStatus = async (http: Http, choice: StatusChoice): Promise<PresenceInfo> =>
  await http<PresenceInfo>(`${ROOT}/status`, { method: 'PATCH', body: choice })

export const patchVisibility = async (http: Http, visible: boolean): Promise<void> => {
  await http(`${ROOT}/settings`, { method: 'PATCH', body: { show_online_status: visible } })
}

export const fetchDevices = async (http: Http): Promise<DeviceSession[]> =>
  (await http<{ sessions: DeviceSession[] }>(`${ROOT}/sessions`)).sessions

export const signOutDevice = async (http: Http, id: string): Promise<void> => {
  await http(`${ROOT}/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' })
}

export const signOutEverywhere = async (http: Http): Promise<void> => {
  await http(`${ROOT}/sessions`, { method: 'DELETE' })
}
