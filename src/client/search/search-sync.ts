import type { ErrorReply, ProvidersDiff, ProviderWatchReply, ProviderWatchRequest } from '../../protocol/events.ts'
import { type Backoff, createBackoff } from '../backoff.ts'
import { answered, type PresenceSocket } from '../connection.ts'
import type { Timers } from '../surroundings.ts'
import { applyProvidersDiff, type SearchWindow, windowOf } from './window.ts'

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
  readonly request: ProviderWatchRequest
  readonly backoff: Backoff
  /** The server's name for it, once it said so on this connection. */
  watchId: string | null
  /** Null while diffs would have nothing to follow. */
  window: SearchWindow | null
  refusal: ErrorReply['error'] | null
  isAsking: boolean
  /** Something happened since it was asked. */
  askAgain: boolean
  /** Epoch milliseconds. */
  askedAt: number
  stopTimer: (() => void) | null
}

/** Milliseconds. Who misses something more often than this asks after a pause only. */
const SELDOM_MS = 1_000

export function createSearchSync(timers: Timers, socket: PresenceSocket, needs: SearchSyncNeeds): SearchSync {
  const watched = new Map<string, Watched>()
  /** Watches that nobody wants any more, and that may be somebody's else under another key. */
  const ended = new Set<string>()
  /** Diffs that came while questions were under way: they may follow the answer, and overtake it. */
  let early: ProvidersDiff[] = []
  let asking = 0
  /** Grows with each connection, so that an answer from before it says nothing. */
  let turn = 0
  let isConnected = false

  async function ask(key: string, search: Watched): Promise<void> {
    search.stopTimer?.()
    search.stopTimer = null
    search.askAgain = search.isAsking
    if (!isConnected || search.isAsking) return
    const mine = turn
    search.isAsking = true
    search.askedAt = timers.now()
    asking += 1
    const reply = await answered<ProviderWatchReply>(timers, (ack) =>
      socket.emit('watchProviders', search.request, ack),
    )
    if (mine !== turn) return
    asking -= 1
    search.isAsking = false
    if (reply.ok && watched.get(key) !== search) ended.add(reply.watch_id)
    else if (reply.ok) accept(key, search, reply)
    else if (watched.get(key) === search) refuse(key, search, reply.error)
    if (search.askAgain && watched.get(key) === search) void ask(key, search)
    endUnwanted()
  }

  const later = (key: string, search: Watched): void => {
    search.stopTimer?.()
    search.stopTimer = timers.after(search.backoff.next(), () => void ask(key, search))
  }

  const accept = (key: string, search: Watched, reply: ProviderWatchReply): void => {
    let window: SearchWindow | null = windowOf(reply)
    for (const diff of early) {
      if (window && diff.watch_id === window.watchId) window = applyProvidersDiff(window, diff)
    }
    search.watchId = reply.watch_id
    search.window = window
    search.refusal = null
    if (!window) return miss(key, search)
    needs.told(key, { kind: 'window', window })
    if (window.stale) later(key, search)
    else search.backoff.reset()
  }

  const refuse = (key: string, search: Watched, error: ErrorReply['error']): void => {
    search.window = null
    search.refusal = error
    needs.told(key, { kind: 'refused', error })
    if (error.retryable) later(key, search)
  }

  const miss = (key: string, search: Watched): void => {
    search.window = null
    needs.told(key, { kind: 'doubted' })
    if (timers.now() - search.askedAt < SELDOM_MS) later(key, search)
    else void ask(key, search)
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
    for (const [key, search] of watched) if (search.refusal?.code === 'LIMIT_EXCEEDED') void ask(key, search)
  }

  const forget = (key: string, search: Watched): void => {
    watched.delete(key)
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

  const followWishes = (): void => {
    const wanted = needs.wanted()
    for (const [key, search] of watched) if (!wanted.has(key)) forget(key, search)
    // First, so that the server does not count what is given back.
    if (isConnected) endUnwanted()
    for (const [key, request] of wanted) {
      if (watched.has(key)) continue
      const search: Watched = { request, ...NOT_ASKED, backoff: createBackoff() }
      watched.set(key, search)
      void ask(key, search)
    }
  }

  return {
    restart() {
      reset(true)
      for (const [key, search] of watched) {
        search.backoff.reset()
        void ask(key, search)
      }
    },
    stop: () => reset(false),
    changed: followWishes,
    again() {
      for (const [key, search] of watched) void ask(key, search)
    },
    doubt() {
      for (const [key, search] of watched) {
        if (search.window) search.window = { ...search.window, stale: true }
        needs.told(key, { kind: 'doubted' })
        later(key, search)
      }
    },
    take(diff) {
      if (asking > 0) early.push(diff)
      for (const [key, search] of watched) {
        // One that is being asked for takes it from the early ones.
        if (search.isAsking || search.window?.watchId !== diff.watch_id) continue
        const window = applyProvidersDiff(search.window, diff)
        if (!window) miss(key, search)
        else if (window !== search.window) {
          search.window = window
          needs.told(key, { kind: 'diff', diff })
          if (window.stale && !search.stopTimer) later(key, search)
        }
      }
    },
    newsOf(key) {
      const search = watched.get(key)
      if (search?.window) return { kind: 'window', window: search.window }
      return search?.refusal ? { kind: 'refused', error: search.refusal } : null
    },
  }
}

const NOT_ASKED = {
  watchId: null,
  window: null,
  refusal: null,
  isAsking: false,
  askAgain: false,
  askedAt: 0,
  stopTimer: null,
}
