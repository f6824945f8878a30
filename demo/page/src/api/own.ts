import type { DeviceSession, PresenceInfo, StatusChange } from '../presence/wire.ts'
import type { Http } from './http.ts'

const ROOT = '/api/users/presence'

export const fetchOwnPresence = async (http: Http, userId: string): Promise<PresenceInfo> =>
  await http<PresenceInfo>(`${ROOT}/${encodeURIComponent(userId)}`)

export const patchStatus = async (http: Http, choice: StatusChange): Promise<PresenceInfo> =>
  await http<PresenceInfo>(`${ROOT}/status`, { method: 'PATCH', body: choice })

export const patchVisibility = async (http: Http, visible: boolean): Promise<void> => {
  await http(`${ROOT}/settings`, { method: 'PATCH', body: { show_online_status: visible } })
}

export const fetchDevices = async (http: Http): Promise<DeviceSession[]> =>
  (await http<{ sessions: DeviceSession[] }>(`${ROOT}/sessions`)).sessions.filter(({ is_active }) => is_active)

export const signOutDevice = async (http: Http, id: string): Promise<void> => {
  await http(`${ROOT}/sessions/${encodeURIComponent(id)}`, { method: 'DELETE' })
}

export const signOutEverywhere = async (http: Http): Promise<void> => {
  await http(`${ROOT}/sessions`, { method: 'DELETE' })
}
