import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { SearchNews } from '../../broadcast/contract.ts'
import { PresenceError } from '../../domain/errors.ts'
import { asError } from '../../telemetry/logger.ts'
import type { Relisting } from '../../store/contract.ts'
import type { ServiceDeps } from '../deps.ts'
import { findProviders } from '../find-providers.ts'
import type { ProviderQuery, ProviderResult, WatchedProviders } from '../verbs.ts'
import type { WindowDiff } from './diff-windows.ts'
import { createLiveSearch, type LiveSearch } from './live-search.ts'
import type { Pace } from './pace.ts'
import { createRounds } from './rounds.ts'
import { createSearchIndex } from './search-index.ts'
import { searchKey } from './search-key.ts'
import { createUnstored } from './unstored.ts'
import { movesInLists, type News } from './window.ts'

export interface LiveSearchOptions {
  readonly pace: Pace
  /** Searches that one connection may watch. */
  readonly maxWatchedSearches: number
  /** Different searches that this node keeps up to date. */
  readonly maxLiveSearches: number
  /** Searches, or answers what was found last while nobody can (R50). */
  readonly findLast: (query: ProviderQuery) => Promise<ProviderResult>
  /** Says it in the words of the wire. */
  word(watchId: string, seq: number, diff: WindowDiff, sort: ProviderQuery['sort']): SearchNews
}

/** Searches that connections of this node watch: each is computed once for all of them. */
export interface LiveSearches {
  /** @throws {PresenceError} NOT_FOUND, LIMIT_EXCEEDED, STORE_UNAVAILABLE */
  watch(socketId: string, query: ProviderQuery): Promise<WatchedProviders>
  /** Ends one watch of a connection, or all of them. */
  unwatch(socketId: string, watchId?: string): void
  /** Takes what became of somebody. */
  hear(news: News): void
  /** The directory says something else of these providers than before; null: of anybody. */
  relist(changed: readonly Relisting[] | null): void
  /** Computes everything anew, spread over this many milliseconds. */
  everything(spreadMs: number): void
  /** Does nothing by itself any more. */
  stop(): void
}

interface Entry extends LiveSearch {
  readonly id: string
  readonly key: string
  /** Settles when its window was computed for the first time. */
  ready: Promise<void>
  /** How many are about to watch it. */
  joining: number
}

const idsIn = (entry: Entry): string[] => entry.window()?.providers.map(({ userId }) => userId) ?? []

export function createLiveSearches(deps: ServiceDeps, options: LiveSearchOptions): LiveSearches {
  const { broadcast, metrics, log } = deps
  const { pace } = options
  const clock = () => performance.now()
  const byKey = new Map<string, Entry>()
  const byId = new Map<string, Entry>()
  const index = createSearchIndex<Entry>()
  const running = new Set<Entry>()
  const unstored = createUnstored({
    pace,
    clock,
    wake: (at) => rounds.wake(at),
    listings: (userIds) => deps.durable.listings(userIds),
    onStored(listing, urgent) {
      for (const entry of index.concerned(listing)) entry.mark(urgent)
    },
    onOverflow: () => everything(pace.everyMs),
    onFailure(error) {
      complain(error, 'it could not be read where changed providers are listed; it is tried again')
      // Nobody can vouch for any window now, which each finds out and says for itself (R50).
      everything(pace.everyMs)
    },
  })
  const rounds = createRounds<Entry>({
    unstored,
    clock,
    isAbandoned,
    drop,
    searches: () => byKey.values(),
    // A first computation fails in the hands of whoever asked for it.
    run: (entry) => run(entry).catch(() => {}),
  })

  function complain(error: unknown, sentence: string): void {
    const isOutage = error instanceof PresenceError && error.retryable
    if (isOutage) log.warn({ reason: error.message }, sentence)
    else log.error({ err: asError(error) }, sentence)
  }

  function tell(entry: Entry, seq: number, diff: WindowDiff): void {
    try {
      metrics.searchDiffs.inc(broadcast.tell(entry.id, options.word(entry.id, seq, diff, entry.query.sort)))
    } catch (error) {
      log.error({ err: asError(error) }, 'what became of a watched search could not be told')
    }
  }

  function open(key: string, query: ProviderQuery): Entry {
    if (byKey.size >= options.maxLiveSearches) {
      const sentence = 'Too many different searches are watched here at the moment.'
      throw new PresenceError('LIMIT_EXCEEDED', sentence, { retryable: true })
    }
    const search = createLiveSearch({
      query,
      pace,
      clock,
      wake: (at) => rounds.wake(at),
      now: () => deps.hot.now(),
      find(asked) {
        metrics.searchRuns.inc()
        return findProviders(deps, asked)
      },
      findLast: options.findLast,
      tell: (seq, diff) => tell(entry, seq, diff),
      onWindow(before, after) {
        if (byId.has(entry.id)) index.move(entry, before, after)
      },
      onFailure: (error) => complain(error, 'a watched search could not be computed; it is tried again'),
    })
    const entry: Entry = { ...search, id: randomUUID(), key, ready: Promise.resolve(), joining: 0 }
    byKey.set(key, entry)
    byId.set(entry.id, entry)
    index.add(entry)
    metrics.liveSearches.set(byKey.size)
    if (byKey.size === 1) unstored.activate(true)
    entry.ready = run(entry)
    return entry
  }

  function drop(entry: Entry): void {
    if (!byId.delete(entry.id)) return
    byKey.delete(entry.key)
    index.delete(entry, idsIn(entry))
    metrics.liveSearches.set(byKey.size)
    if (byKey.size === 0) unstored.activate(false)
  }

  function isAbandoned(entry: Entry): boolean {
    return entry.joining === 0 && !broadcast.hasListeners(entry.id)
  }

  async function run(entry: Entry): Promise<void> {
    running.add(entry)
    try {
      await entry.run()
    } finally {
      running.delete(entry)
    }
  }

  async function watch(socketId: string, query: ProviderQuery): Promise<WatchedProviders> {
    if (!deps.hasDirectory) throw new PresenceError('NOT_FOUND', 'This system has no directory of providers.')
    const key = searchKey(query)
    const known = byKey.get(key)
    checkLimit(socketId, known)
    const entry = known ?? open(key, query)
    entry.joining += 1
    try {
      await entry.ready
      return join(socketId, entry)
    } catch (error) {
      if (entry.window() === null) drop(entry)
      throw error
    } finally {
      entry.joining -= 1
    }
  }

  function join(socketId: string, entry: Entry): WatchedProviders {
    // Several may have been asked for at once.
    checkLimit(socketId, entry)
    // Others are told first what is about to be answered; whoever asks has it from the answer.
    entry.flush()
    broadcast.listen(socketId, entry.id)
    const result = entry.window()
    if (!result) throw new PresenceError('STORE_UNAVAILABLE', 'This search has no result.', { retryable: true })
    return { watchId: entry.id, seq: entry.seq(), result }
  }

  function checkLimit(socketId: string, entry: Entry | undefined): void {
    const held = broadcast.topicsOf(socketId)
    if ((entry && held.has(entry.id)) || held.size < options.maxWatchedSearches) return
    throw new PresenceError('LIMIT_EXCEEDED', `One connection watches at most ${options.maxWatchedSearches} searches.`)
  }

  function unwatch(socketId: string, watchId?: string): void {
    const ended = watchId === undefined ? [...broadcast.topicsOf(socketId)] : [watchId]
    broadcast.unlisten(socketId, ended)
    for (const id of ended) {
      const entry = byId.get(id)
      if (entry && isAbandoned(entry)) drop(entry)
    }
  }

  function hear(news: News): void {
    for (const entry of new Set([...index.showing(news.userId), ...running])) entry.hear(news)
    if (movesInLists(news)) unstored.add(news.userId, news.view.version, news.retracts)
  }

  /** Stored it is already, so searches of where they were and where they are find it at once. */
  function relist(changed: readonly Relisting[] | null): void {
    if (changed === null) return everything(pace.everyMs)
    for (const { userId, before, after } of changed) {
      for (const entry of index.showing(userId)) entry.mark()
      for (const place of [before, after]) if (place) for (const entry of index.concerned(place)) entry.mark()
    }
  }

  function everything(spreadMs: number): void {
    for (const entry of byKey.values()) entry.markWithin(spreadMs)
  }

  return { watch, unwatch, hear, relist, everything, stop: () => rounds.stop() }
}
