import type { PresenceInfo } from '../domain/info.ts'
import type { Block, DeviceSession, PresenceSettings } from '../protocol/http.ts'
import type { OwnPresence } from './contract.ts'
import type { Request } from './request.ts'
import { createSignal, type Signal } from './signal.ts'

/**
 * What somebody knows of themself and decides about themself. Decisions go by HTTP, so that they need no connection.
 *
 * @param isLive whether `selfPresence` arrives at the moment
 */
export function createOwnPresence(
  request: Request,
  isLive: () => boolean,
): OwnPresence & Pick<Signal<PresenceInfo | null>, 'set'> {
  const { get, set, subscribe } = createSignal<PresenceInfo | null>(null)

  const adopt = (info: PresenceInfo): PresenceInfo => {
    // A live connection tells by itself, and in order: this answer may be older than another device's decision.
    if (!isLive()) set(info)
    return info
  }

  const changeSettings = (change: Partial<PresenceSettings>): Promise<PresenceSettings> =>
    request<PresenceSettings>('/settings', { method: 'PATCH', body: change })

  return {
    get,
    set,
    subscribe,
    setStatus: async ({ status, message, expiresIn }) =>
      adopt(
        await request<PresenceInfo>('/status', {
          method: 'PATCH',
          body: {
            status,
            ...(message === undefined ? {} : { message }),
            ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
          },
        }),
      ),
    async setVisible(visible) {
      await changeSettings({ show_online_status: visible })
    },
    settings: () => request<PresenceSettings>('/settings'),
    changeSettings,
    preview: (as) => request<PresenceInfo>(`/settings/preview?as=${as}`),
    blocks: async () => (await request<{ blocks: Block[] }>('/blocks')).blocks,
    block: (userId) => request<void>(blockOf(userId), { method: 'PUT' }),
    unblock: (userId) => request<void>(blockOf(userId), { method: 'DELETE' }),
    reportMessage: (userId, reason) =>
      request<void>(`/${encodeURIComponent(userId)}/reports`, { method: 'POST', body: { reason } }),
    sessions: async () => (await request<{ sessions: DeviceSession[] }>('/sessions')).sessions,
    async signOut(sessionId) {
      await request<undefined>(`/sessions/${encodeURIComponent(sessionId)}`, { method: 'DELETE' })
    },
    signOutEverywhere: async () => (await request<{ ended: number }>('/sessions', { method: 'DELETE' })).ended,
  }
}

const blockOf = (userId: string): string => `/blocks/${encodeURIComponent(userId)}`
