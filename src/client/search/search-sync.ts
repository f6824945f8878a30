import type { ErrorReply, ProvidersDiff, ProviderWatchReply, ProviderWatchRequest } from '../../protocol/events.ts'
import { type Backoff, createBackoff } from '../backoff.ts'
import { answered, type PresenceSocket } from '../connection.ts'
import type { Timers } from '../surroundings.ts'
import { applyProvidersDiff, type SearchWindow } from './window.ts'

/** What became of one search. Plain data, because tabs hand it to each other. */
export type SearchNews =
  | { readonly kind: 'window'; readonly window: SearchWindow }
  | { readonly kind: 'diff'; readonly diff: ProvidersDiff }
  /** What was told may be old; the server is being asked anew. */
  | { readonly kind: 'doubted' }
  | { readonly kind: 'refused'; readonly error: ErrorReply['error'] }

/** Keeps what the server watches for this connection equal to what is wanted. */
export interface SearchSync {
  /** A new connection: the server knows nothing yet. */
  restart(): void
  /** Nothing can be sent for now. */
  stop(): void
  /** What is wanted may have changed. */
  changed(): void
  /** Asks for everything anew. */
  again(): void
  /** The server lost sight of the truth: asks for everything after a pause. */
  doubt(): void
  take(diff: ProvidersDiff): void
  /** What can be said of a search at once. */
  newsOf(key: string): SearchNews | null
}

export interface SearchSyncNeeds {
  /** By key. */
  wanted(): ReadonlyMap<string, ProviderWatchRequest>
  told(key: string, news: SearchNews): void
}

/** One search, as the server was asked for it. */
interface Watched {
  readonly key: string
  readonly request: ProviderWatchRequest
  readonly backoff: Backoff
  isWanted: boolean
  /** The server's name for it, once it said so on this connection. */
  watchId: string | null
  /** The window, or why there is none; null while the server is being asked, and diffs would have nothing to follow. */
  news: SearchNews | null
  isAsking: boolean
  /** Something happened since it was asked. */
  askAgain: boolean
  stopTimer: (() => void) | null
}

const NOT_ASKED = { watchId: null, news: null, isAsking: false, askAgain: false, stopTimer: null }

export function createSearchSync(timers: Timers, socket: PresenceSocket, needs: SearchSyncNeeds): SearchSync {
  const watched = new Map<string, Watched>()
  /** Watches that nobody wants any more, unless another search turns out to be the same to the server. */
  const ended = new Set<string>()
  /** Diffs that came while questions were under way: they may follow the answer, and overtake it. */
  let early: ProvidersDiff[] = []
  let asking = 0
  /** Grows with each connection, so that an answer from before it says nothing. */
  let turn = 0
  let isConnected = false

  async function ask(search: Watched): Promise<void> {
    search.stopTimer?.()
    search.stopTimer = null
    search.askAgain = search.isAsking
    if (!isConnected || search.isAsking) return
    const mine = turn
    search.isAsking = true
    asking += 1
    const reply = await answered<ProviderWatchReply>(timers, (ack) =>
      socket.emit('watchProviders', search.request, ack),
    )
    if (mine !== turn) return
    asking -= 1
    search.isAsking = false
    if (search.isWanted) settle(search, reply)
    else if (reply.ok) ended.add(reply.watch_id)
    endUnwanted()
  }

  const later = (search: Watched): void => {
    search.stopTimer?.()
    search.stopTimer = timers.after(search.backoff.next(), () => void ask(search))
  }

  const settle = (search: Watched, reply: ProviderWatchReply | ErrorReply): void => {
    if (reply.ok) accept(search, reply)
    else {
      tell(search, { kind: 'refused', error: reply.error })
      if (reply.error.retryable) later(search)
    }
    if (search.askAgain) void ask(search)
  }

  const tell = (search: Watched, news: SearchNews): void => {
    search.news = news
    needs.told(search.key, news)
  }

  const accept = (search: Watched, reply: ProviderWatchReply): void => {
    let window: SearchWindow | null = reply
    for (const diff of early) {
      if (window && diff.watch_id === reply.watch_id) window = applyProvidersDiff(window, diff)
    }
    search.watchId = reply.watch_id
    if (!window) return miss(search)
    tell(search, { kind: 'window', window })
    if (window.stale) later(search)
    else search.backoff.reset()
  }

  /** Others missed it, too, perhaps: not all of them ask at once. */
  const miss = (search: Watched): void => {
    search.news = null
    needs.told(search.key, DOUBTED)
    later(search)
  }

  /** Not while a question is under way: its answer may be a watch that is about to be ended. */
  function endUnwanted(): void {
    if (asking > 0) return
    early = []
    for (const { watchId } of watched.values()) if (watchId) ended.delete(watchId)
    if (ended.size === 0) return
    for (const watch_id of ended) socket.emit('unwatch', { watch_id }, () => undefined)
    ended.clear()
    // There is room now for what was one too many.
    for (const search of watched.values()) {
      if (search.news?.kind === 'refused' && search.news.error.code === 'LIMIT_EXCEEDED') void ask(search)
    }
  }

  const forget = (search: Watched): void => {
    watched.delete(search.key)
    search.isWanted = false
    search.stopTimer?.()
    if (search.watchId) ended.add(search.watchId)
  }

  const reset = (connected: boolean): void => {
    turn += 1
    isConnected = connected
    asking = 0
    early = []
    ended.clear()
    for (const search of watched.values()) {
      search.stopTimer?.()
      Object.assign(search, NOT_ASKED)
    }
  }

  return {
    restart() {
      reset(true)
      for (const search of watched.values()) {
        search.backoff.reset()
        void ask(search)
      }
    },
    stop: () => reset(false),
    changed() {
      const wanted = needs.wanted()
      for (const search of watched.values()) if (!wanted.has(search.key)) forget(search)
      // First, so that the server does not count what is given back.
      if (isConnected) endUnwanted()
      for (const [key, request] of wanted) {
        if (watched.has(key)) continue
        const search: Watched = { key, request, backoff: createBackoff(), isWanted: true, ...NOT_ASKED }
        watched.set(key, search)
        void ask(search)
      }
    },
    again() {
      for (const search of watched.values()) void ask(search)
    },
    doubt() {
      for (const search of watched.values()) {
        const window = windowIn(search)
        if (window) search.news = { kind: 'window', window: { ...window, stale: true } }
        needs.told(search.key, DOUBTED)
        later(search)
      }
    },
    take(diff) {
      if (asking > 0) early.push(diff)
      for (const search of watched.values()) {
        const before = windowIn(search)
        // One that is being asked for takes it from the early ones.
        if (search.isAsking || before?.watch_id !== diff.watch_id) continue
        const window = applyProvidersDiff(before, diff)
        if (!window) miss(search)
        else if (window !== before) {
          search.news = { kind: 'window', window }
          needs.told(search.key, { kind: 'diff', diff })
          if (window.stale && !search.stopTimer) later(search)
        }
      }
    },
    newsOf: (key) => watched.get(key)?.news ?? null,
  }
}

const DOUBTED: SearchNews = { kind: 'doubted' }

const windowIn = ({ news }: Watched): SearchWindow | null => (news?.kind === 'window' ? news.window : null)
