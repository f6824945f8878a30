import { watchActivity } from './activity.ts'
import type { PresenceInfo } from '../domain/info.ts'
import type { ProviderWatchRequest } from '../protocol/events.ts'
import type { CloseReason, PresenceClient, PresenceClientOptions, ProviderSearch } from './contract.ts'
import { deviceId } from './device.ts'
import { createLink } from './link.ts'
import { createOwnPresence } from './own-presence.ts'
import { refusedAs } from './request-error.ts'
import { createRequest } from './request.ts'
import { createRoster } from './roster.ts'
import { createSearches } from './search/searches.ts'
import { readSurroundings, type Surroundings } from './surroundings.ts'
import { createTokens } from './token.ts'
import { openUpstream, type Route } from './open-upstream.ts'
import type { Page, Told } from './upstream.ts'
import { watchWake } from './wake.ts'
import { createWishes } from './wishes.ts'

const DEFAULTS = { apiPath: '/api/users/presence', overdueAfterMs: 2_000, staleAfterMs: 30_000 }

/** An id as the server writes it in whatever it tells: a UUID in lower case. Numbers stay as they are. */
const canonical = (userId: string): string => userId.toLowerCase()

/** Live presence for a page. Nothing happens before `connect`; without a browser it shows what was seeded. */
export const createPresenceClient = (options: PresenceClientOptions): PresenceClient =>
  assemblePresenceClient(options, readSurroundings())

/** As {@link createPresenceClient}, in surroundings that are given. */
export function assemblePresenceClient(options: PresenceClientOptions, surroundings: Surroundings): PresenceClient {
  const { timers } = surroundings
  const settings = { ...DEFAULTS, ...options }
  const limits = { ...settings, staleAfterMs: Math.max(settings.staleAfterMs, settings.overdueAfterMs) }
  const tokens = createTokens(options.token, timers)
  const request = createRequest((options.url ?? '') + settings.apiPath, tokens, surroundings)
  const link = createLink(timers, settings.overdueAfterMs)
  const own = createOwnPresence(request, () => link.get().state === 'live')
  const roster = createRoster(timers, limits)
  let upstream: Route | null = null
  let stopListening: (() => void) | null = null

  const wishes = createWishes((userIds) => {
    roster.expect(userIds)
    upstream?.want(userIds)
  })

  const searches = createSearches((now) => upstream?.search(now), roster.seed)

  const ended = (reason: CloseReason): void => {
    upstream = null
    stopListening?.()
    stopListening = null
    own.set(null)
    roster.closed()
    searches.lost()
    link.closed(reason)
  }

  const told = (word: Told): void => {
    if (word.type === 'accepted') {
      roster.accepted()
      link.accepted()
    } else if (word.type === 'lost') {
      roster.lost(word.since)
      searches.lost()
      link.lost(word.since)
    } else if (word.type === 'closed') ended(word.reason)
    else if (word.type === 'own') own.set(word.presence)
    else if (word.type === 'search') searches.told(word.key, word.news)
    else if (word.type === 'news') {
      roster.adopt(word.views, word.vouched)
      if (word.doubted) roster.doubt()
    } else options.onError?.(refusedAs(word.error))
  }

  // Wishes that were just made, and not told yet, come along by `want`.
  const page: Page = { told, wanted: wishes.all, held: roster.held, searches: searches.wishes }
  const open = (): void => {
    upstream = openUpstream(options, surroundings, tokens, page)
  }

  const listen = (): (() => void) => {
    const stopWake = watchWake(surroundings, {
      woke: () => upstream?.nudge(),
      networkLost: () => upstream?.networkLost(),
      hidden() {
        if (!upstream) return
        upstream.suspend()
        upstream = null
        told({ type: 'lost', since: timers.now() })
      },
      shown: () => upstream ?? open(),
    })
    const stopActivity =
      options.activity === false ? undefined : watchActivity(surroundings, () => upstream?.activity())
    return () => {
      stopWake()
      stopActivity?.()
    }
  }

  return {
    connection: { get: link.get, subscribe: link.subscribe },
    own,
    deviceId: () => upstream?.deviceId() ?? deviceId(surroundings, false),
    connect() {
      if (stopListening) return
      link.opened()
      roster.lost(timers.now())
      stopListening = listen()
      open()
    },
    close() {
      if (!stopListening) return
      upstream?.leave()
      ended('closed')
    },
    watch: (userIds) => wishes.add(userIds.map(canonical)),
    get: (userId) => roster.get(canonical(userId)),
    subscribe: (userId, listener) => roster.subscribe(canonical(userId), listener),
    onChange: roster.onChange,
    seed: roster.seed,
    watchProviders: <Card extends { readonly presence: PresenceInfo }>(query: ProviderWatchRequest) =>
      // What the host's providers look like is the host's word.
      searches.watch(query) as unknown as ProviderSearch<Card>,
  }
}
