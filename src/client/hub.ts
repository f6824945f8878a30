import type { PresenceInfo } from '../domain/info.ts'
import type { ProviderWatchRequest, WatchReply } from '../protocol/events.ts'
import { openConnection } from './connection.ts'
import { createSearchSync } from './search/search-sync.ts'
import type { SearchWish } from './search/searches.ts'
import type { Surroundings } from './surroundings.ts'
import type { Tokens } from './token.ts'
import type { Told } from './upstream.ts'
import { fromInfo, fromUpdate, isNewer, type View } from './view.ts'
import { createWatchSync } from './watch-sync.ts'

/** The one connection, and everybody who lives from it: this page, and with it the other tabs that share. */
export interface Hub {
  open(): void
  /** Who is new, or returns, is told everything they need. @param held versioned views that they have */
  join(member: string, userIds: ReadonlySet<string>, held: readonly View[], wishes: readonly SearchWish[]): void
  want(member: string, userIds: ReadonlySet<string>): void
  search(member: string, wishes: readonly SearchWish[]): void
  part(member: string): void
  activity(): void
  nudge(): void
  networkLost(): void
  /** Ends the connection. @param goodbye false: another tab takes over, or this page only sleeps */
  stop(goodbye: boolean): void
}

export interface HubOptions {
  readonly surroundings: Surroundings
  readonly tokens: Tokens
  readonly url: string | undefined
  readonly socketPath: string
  readonly deviceType: 'web' | 'mobile' | 'desktop'
  readonly deviceId: string
  /** @param to one member; otherwise it is for all */
  readonly tell: (told: Told, to?: string) => void
}

export function createHub({ surroundings, tokens, tell, ...options }: HubOptions): Hub {
  const members = new Map<string, ReadonlySet<string>>()
  const seekers = new Map<string, readonly SearchWish[]>()
  const views = new Map<string, View>()
  /** Of whom the server said, since we are connected, that they are as told. */
  const vouched = new Set<string>()
  let status: Told | null = null
  let own: PresenceInfo | null = null
  let doubted = false

  const toAll = (told: Told): void => {
    status = told
    tell(told)
  }

  /** @returns those that are newer than what was there */
  const keep = (candidates: readonly View[]): View[] => {
    const newer = candidates.filter((view) => isNewer(view, views.get(view.userId)))
    for (const view of newer) views.set(view.userId, view)
    return newer
  }

  const connection = openConnection(
    surroundings,
    tokens,
    options,
    { device_type: options.deviceType, device_id: options.deviceId, format: 'diff', v: 1 },
    {
      accepted() {
        toAll({ type: 'accepted' })
        sync.restart()
        searchSync.restart()
      },
      lost(since) {
        letGo()
        toAll({ type: 'lost', since })
      },
      closed(reason) {
        letGo()
        toAll({ type: 'closed', reason })
      },
    },
  )
  const { socket } = connection

  const letGo = (): void => {
    vouched.clear()
    sync.stop()
    searchSync.stop()
  }

  const union = (): Set<string> => {
    const all = new Set<string>()
    for (const userIds of members.values()) for (const userId of userIds) all.add(userId)
    return all
  }

  const sync = createWatchSync(surroundings.timers, socket, {
    wanted: union,
    known: (userId) => views.get(userId)?.version ?? undefined,
    // Nobody tells of them from now on, so what is held of them is no base for anything.
    dropped(userIds) {
      for (const userId of userIds) {
        views.delete(userId)
        vouched.delete(userId)
      }
    },
    answered: adoptReply,
    refused: (error) => tell({ type: 'refused', error }),
  })

  const searchSync = createSearchSync(surroundings.timers, socket, {
    wanted() {
      const all = new Map<string, ProviderWatchRequest>()
      for (const wishes of seekers.values()) for (const { key, request } of wishes) all.set(key, request)
      return all
    },
    told: (key, news) => tell({ type: 'search', key, news }),
  })

  function adoptReply(asked: readonly string[], { presences, versions, stale }: WatchReply): void {
    const newer = keep(presences.map((info) => fromInfo(info, versions[info.userId] ?? null)))
    const sure = asked.filter((userId) => views.has(userId))
    doubted = stale
    if (stale) vouched.clear()
    else for (const userId of sure) vouched.add(userId)
    tell({ type: 'news', views: newer, vouched: stale ? [] : sure, doubted: stale })
  }

  const adoptUpdates = (updates: readonly View[]): void => {
    const newer = keep(updates.filter(({ userId }) => sync.isAsked(userId)))
    if (newer.length === 0) return
    const sure = newer.map(({ userId }) => userId)
    for (const userId of sure) vouched.add(userId)
    tell({ type: 'news', views: newer, vouched: sure, doubted: false })
  }

  socket.on('presenceDiff', ({ changed }) => adoptUpdates(changed.map(fromUpdate)))
  socket.on('presenceUpdate', (update) => adoptUpdates([fromUpdate(update)]))
  socket.on('selfPresence', (presence) => {
    own = presence
    tell({ type: 'own', presence })
  })
  socket.on('providersDiff', searchSync.take)
  socket.on('resync', () => {
    sync.again()
    searchSync.again()
  })
  socket.on('stale', () => {
    doubted = true
    vouched.clear()
    tell({ type: 'news', views: [], vouched: [], doubted })
    sync.later()
    searchSync.doubt()
  })

  /** What a member may know at once, because others asked for it before. */
  const tellHeld = (member: string, userIds: readonly string[]): void => {
    const held = userIds.map((userId) => views.get(userId)).filter((view) => view !== undefined)
    const sure = userIds.filter((userId) => vouched.has(userId))
    if (held.length > 0 || doubted) tell({ type: 'news', views: held, vouched: sure, doubted }, member)
  }

  const search = (member: string, wishes: readonly SearchWish[]): void => {
    seekers.set(member, wishes)
    for (const { key, isLive } of wishes) {
      const news = isLive ? null : searchSync.newsOf(key)
      if (news) tell({ type: 'search', key, news }, member)
    }
    searchSync.changed()
  }

  return {
    open: connection.open,
    join(member, userIds, held, wishes) {
      members.set(member, userIds)
      const newer = keep(held.filter(({ userId }) => userIds.has(userId)))
      if (status) tell(status, member)
      if (own) tell({ type: 'own', presence: own }, member)
      if (newer.length > 0) tell({ type: 'news', views: newer, vouched: [], doubted: false })
      tellHeld(member, Array.from(userIds))
      sync.changed()
      search(member, wishes)
    },
    want(member, userIds) {
      const before = members.get(member)
      members.set(member, userIds)
      tellHeld(
        member,
        Array.from(userIds).filter((userId) => !before?.has(userId)),
      )
      sync.changed()
    },
    search,
    part(member) {
      if (members.delete(member)) sync.changed()
      if (seekers.delete(member)) searchSync.changed()
    },
    activity() {
      if (socket.connected) socket.emit('activity')
    },
    nudge: connection.checkNow,
    networkLost: connection.networkLost,
    stop(goodbye) {
      letGo()
      if (goodbye) connection.close()
      else connection.letGo()
    },
  }
}
