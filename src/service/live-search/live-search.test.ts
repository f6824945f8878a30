import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { presenceInfo } from '../../domain/info.ts'
import { AVAILABILITY, STATUSES, type Status } from '../../domain/status.ts'
import { UNSEEN, type View } from '../../domain/view.ts'
import type { Listing } from '../../store/contract.ts'
import type { ProviderQuery, ProviderResult } from '../verbs.ts'
import { diffWindows, type WindowDiff } from './diff-windows.ts'
import { createLiveSearch } from './live-search.ts'
import type { Pace } from './pace.ts'
import { createRounds } from './rounds.ts'
import { createUnstored } from './unstored.ts'
import { movesInLists, type News, type Window } from './window.ts'

const PACE: Pace = { gatherMs: 150, everyMs: 1_000, lookEveryMs: 200, timeMovesMs: 600_000, reconcileMs: 600_000 }
const IDS = ['ana', 'ben', 'carla', 'dora']
const HERE: Listing = { cityId: '1', serviceIds: [], version: 0 }
/** Milliseconds that each half of a computation takes. */
const HALF_MS = 40

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/**
 * A live store, a durable one that is behind it, news that take their time, and one search over both: as the real one does it, it asks
 * the durable store who comes first, and then the live one how they are.
 */
function stage(statuses: ProviderQuery['statuses'] = null) {
  const query: ProviderQuery = {
    cityId: '1',
    serviceId: null,
    statuses,
    lastSeenWithinMs: null,
    activeWithinMs: null,
    name: null,
    price: { min: null, max: null },
    rating: { min: null, max: null },
    sort: 'availability',
    limit: 2,
    place: null,
  }
  const blank = () => new Map<string, View>(IDS.map((id) => [id, { ...UNSEEN, version: 0 }]))
  const live = blank()
  const stored = blank()
  const inbox: News[] = []
  const told: { at: number; diff: WindowDiff }[] = []
  let runs = 0
  let isAway = false
  const wanted = ({ status }: View) => statuses === null || statuses.includes(status)
  const half = () => new Promise((resolve) => setTimeout(resolve, HALF_MS))
  const viewOf = (of: Map<string, View>, id: string): View => of.get(id) ?? { ...UNSEEN, version: 0 }

  function page(): string[] {
    const rank = (id: string) => AVAILABILITY[viewOf(stored, id).status]
    return IDS.filter((id) => wanted(viewOf(stored, id))).toSorted((a, b) => rank(b) - rank(a))
  }

  function answer(ids: readonly string[], counts: ProviderResult['counts']): ProviderResult {
    const providers = ids.slice(0, 2).flatMap((id) => {
      const view = viewOf(live, id)
      const position = { keys: [0, 0] as const, id }
      if (!wanted(view)) return []
      return [{ userId: id, fields: {}, presence: presenceInfo(id, view, true), version: view.version, position }]
    })
    return { providers, next: null, counts, asOf: null, stale: false }
  }

  function count(): ProviderResult['counts'] {
    const of = (status: Status) => IDS.filter((id) => viewOf(stored, id).status === status).length
    return { online: of('online'), away: of('away'), dnd: of('dnd') }
  }

  async function find(): Promise<ProviderResult> {
    runs += 1
    await half()
    if (isAway) throw new Error('away')
    const [ids, counts] = [page(), count()]
    await half()
    const found = answer(ids, counts)
    await half()
    return found
  }

  const search = createLiveSearch({
    query,
    pace: PACE,
    find,
    findLast: async () => {
      throw new Error('nothing is left')
    },
    tell: (_, diff) => void told.push({ at: Date.now(), diff }),
    onWindow: () => {},
    onFailure: () => {},
    wake: (at) => rounds.wake(at),
    clock: Date.now,
    now: Date.now,
  })
  const unstored = createUnstored({
    pace: PACE,
    async listings(ids) {
      const found = ids.map((id) => [id, { ...HERE, version: viewOf(stored, id).version }] as const)
      await half()
      return new Map(found)
    },
    onStored: (_, urgent) => search.mark(urgent),
    onOverflow: () => {},
    onFailure: () => {},
    wake: (at) => rounds.wake(at),
    clock: Date.now,
  })
  const rounds = createRounds({
    unstored,
    searches: () => [search],
    isAbandoned: () => false,
    drop: () => {},
    run: () => search.run(),
    clock: Date.now,
  })
  unstored.activate(true)

  function change(id: string, view: View, news: Partial<News> = {}): void {
    inbox.push({ userId: id, view, before: viewOf(live, id), visible: true, retracts: false, ...news })
    live.set(id, view)
  }

  return {
    search,
    told,
    stop: () => rounds.stop(),
    runs: () => runs,
    outage: (away: boolean) => void (isAway = away),
    /** What somebody would see who asks now. */
    fresh: () => answer(page(), count()),
    become(id: string, status: Status): void {
      const before = viewOf(live, id)
      if (before.status !== status) change(id, { ...before, status, version: before.version + 1 })
    },
    /** What moves nobody in any list. */
    say(id: string): void {
      const { version, ...view } = viewOf(live, id)
      change(id, { ...view, message: `word ${version}`, version: version + 1 })
    },
    hide(id: string): void {
      const view = { ...UNSEEN, version: viewOf(live, id).version + 1 }
      stored.set(id, view)
      change(id, view, { visible: false, retracts: true })
    },
    store: (id: string) => void stored.set(id, viewOf(live, id)),
    hear(): void {
      const news = inbox.shift()
      if (!news) return
      search.hear(news)
      if (movesInLists(news)) unstored.add(news.userId, news.view.version, news.retracts)
    },
    /** Half of a computation is over: it has read how people are, and says nothing yet. */
    async untilRead(): Promise<void> {
      while (!search.isRunning()) await wait(1)
      await wait(2.5 * HALF_MS)
    },
    async open(): Promise<void> {
      const ready = search.run()
      await vi.advanceTimersByTimeAsync(3 * HALF_MS)
      await ready
      search.flush()
    },
  }
}

const wait = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const windowOf = ({ search }: ReturnType<typeof stage>): Window => {
  const window = search.window()
  if (!window) throw new Error('there is no window yet')
  return window
}
const statusesOf = (window: Window) => window.providers.map(({ presence }) => presence.online_status)

type Step =
  | { do: 'become'; id: string; status: Status }
  | { do: 'say' | 'hide' | 'store'; id: string }
  | { do: 'hear' }
  | { do: 'wait'; ms: number }

describe('a live search', () => {
  test('R41 R46 ends where a fresh one begins, whatever happened, whenever it was heard and stored', async () => {
    const id = fc.constantFrom(...IDS)
    const step: fc.Arbitrary<Step> = fc.oneof(
      fc.record({ do: fc.constant('become' as const), id, status: fc.constantFrom(...STATUSES) }),
      fc.record({ do: fc.constantFrom('say' as const, 'hide' as const, 'store' as const), id }),
      fc.record({ do: fc.constant('hear' as const) }),
      fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, HALF_MS, 100, 300, 1_000) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.constantFrom(null, ['online', 'away'] as const),
        async (story, statuses) => {
          const scene = stage(statuses)
          await scene.open()
          for (const event of story) {
            if (event.do === 'become') scene.become(event.id, event.status)
            else if (event.do === 'wait') await wait(event.ms)
            else if (event.do === 'hear') scene.hear()
            else scene[event.do](event.id)
          }
          for (const _ of story) scene.hear()
          for (const who of IDS) scene.store(who)
          await wait(4_000)
          expect(diffWindows(windowOf(scene), scene.fresh())).toBeNull()
          // What was told is no different.
          const pending = scene.told.length
          scene.search.flush()
          expect(scene.told).toHaveLength(pending)
          scene.stop()
        },
      ),
      { numRuns: 300 },
    )
  })

  test('does not lose what is heard while it is computed', async () => {
    const scene = stage()
    await scene.open()
    scene.search.mark()
    await scene.untilRead()
    scene.become('ana', 'dnd')
    scene.hear()
    await wait(HALF_MS)
    expect(scene.search.isRunning()).toBe(false)
    expect(statusesOf(windowOf(scene))).toEqual(['dnd', 'offline'])
  })

  test('R14 gathers what happens to cards, and is computed at most once a second', async () => {
    const scene = stage()
    await scene.open()
    const from = scene.runs()
    for (let i = 0; i < 100; i += 1) {
      for (const id of IDS) {
        scene.become(id, i % 2 === 0 ? 'online' : 'away')
        scene.hear()
        scene.store(id)
      }
      await wait(50)
    }
    expect(scene.runs() - from).toBeLessThanOrEqual(6)
    expect(scene.told.length).toBeGreaterThan(10)
    for (const [i, { at }] of scene.told.entries()) {
      const before = scene.told[i - 2]
      // Two at once may be one of each kind.
      if (before) expect(at - before.at).toBeGreaterThanOrEqual(PACE.gatherMs)
    }
  })

  test('R32 takes back at once, and computes sooner', async () => {
    const scene = stage()
    scene.become('ana', 'online')
    scene.hear()
    scene.store('ana')
    await scene.open()
    scene.hide('ana')
    scene.hear()
    expect(scene.told).toMatchObject([{ diff: { change: [{ userId: 'ana' }], counts: { online: 0 } } }])
    scene.become('carla', 'online')
    scene.hear()
    scene.store('carla')
    scene.search.mark()
    await scene.untilRead()
    scene.hide('dora')
    scene.hear()
    const from = scene.runs()
    await wait(PACE.everyMs / 2)
    expect(scene.runs()).toBe(from + 1)
  })

  test('R50 keeps what it has while it cannot be computed, says so once, and catches up', async () => {
    const scene = stage()
    await scene.open()
    scene.outage(true)
    scene.search.mark()
    await wait(20_000)
    expect(scene.told.map(({ diff }) => [diff.stale, diff.change.length])).toEqual([[true, 0]])
    expect(scene.runs()).toBeLessThan(20)
    // Cards go on to live.
    scene.become('ana', 'online')
    scene.hear()
    await wait(PACE.gatherMs)
    expect(scene.told.at(-1)?.diff).toMatchObject({ stale: true, change: [{ userId: 'ana' }] })
    scene.outage(false)
    for (const id of IDS) scene.store(id)
    await wait(5_000)
    expect(scene.told.at(-1)?.diff.stale).toBe(false)
    expect(diffWindows(windowOf(scene), scene.fresh())).toBeNull()
  })

  test('R50 the first computation fails in the hands of whoever asked', async () => {
    const scene = stage()
    scene.outage(true)
    const opened = expect(scene.search.run()).rejects.toThrow('nothing is left')
    await wait(HALF_MS)
    await opened
    expect([scene.search.window(), scene.told]).toEqual([null, []])
  })
})
