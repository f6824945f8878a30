import { LRUCache } from 'lru-cache'
import { openness, type UserRecord } from '../../domain/user-record.ts'
import type { View } from '../../domain/view.ts'
import { allowanceOf } from '../../domain/visibility.ts'
import type { Concern, RecordChange, RemoteChange, Seen } from '../../store/contract.ts'
import type { ServiceDeps } from '../deps.ts'
import { type FoundNow, type Shown, shownOf } from '../find-providers.ts'
import type { ProviderQuery, ProviderResult } from '../verbs.ts'

/** What a search found when it could be asked. */
export interface LastPage {
  readonly query: ProviderQuery
  readonly result: ProviderResult
  /** Epoch milliseconds of the store's clock at which the search began. */
  readonly at: number
}

/** Somebody who hid, and what strangers saw until then. */
export interface Hiding {
  readonly userId: string
  readonly from: View
  /** Epoch milliseconds. */
  readonly at: number
}

/**
 * The last good page of each search, the least recently used forgotten first, and what strangers may know of everybody on them, kept
 * up to date by the changes of all nodes: somebody whom nobody can look up any more is known by it.
 */
export interface LastPages {
  /** From now on nothing is missed of what becomes of anybody, until what was found is remembered. */
  begin(query: ProviderQuery): SearchUnderWay
  get(key: string): LastPage | undefined
  /** Undefined when something may have been missed. */
  shown(userId: string): Shown | undefined
  /** Who hid since then. */
  hidings(since: number): Hiding[]
  /** Of whom some page shows that they are in the city and service that a search is about. */
  knownIn(query: Pick<ProviderQuery, 'cityId' | 'serviceId'>): ReadonlySet<string>
  /** Whether the directory has said something else of them since. */
  wasRelisted(userId: string, since: number): boolean
}

export interface SearchUnderWay {
  remember(key: string, found: FoundNow): void
  /** To be called whether it was remembered or not. */
  end(): void
}

/** Cards on all remembered pages together, about 1 KB each. */
const CARDS = 20_000
const USERS = 2 * CARDS

const seenIn = (record: UserRecord) => ({ stranger: record.stranger, visibility: openness(record) })

/** What strangers saw, and whether they might know that somebody is here. */
const seenBy = ({ stranger, visibility }: Pick<Seen, 'stranger' | 'visibility'>): { view: View; visible: boolean } => ({
  view: stranger,
  visible: allowanceOf(visibility, 'stranger').status,
})

export function createLastPages({
  hot,
  shared,
  relistings: directory,
}: Pick<ServiceDeps, 'hot' | 'shared' | 'relistings'>): LastPages {
  const pages = new LRUCache<string, LastPage>({
    maxSize: CARDS,
    // A key names whoever was shown before.
    sizeCalculation: ({ result }, key) => 1 + result.providers.length + Math.floor(key.length / 1_000),
  })
  const known = new LRUCache<string, Shown>({ max: USERS })
  const hidings = new LRUCache<string, Hiding>({ max: USERS })
  const relistedAt = new LRUCache<string, number>({ max: USERS })
  let allRelistedAt = Number.NEGATIVE_INFINITY
  /** For each search under way, what was heard of anybody meanwhile: it may have read what was before. */
  const underWay = new Set<Map<string, Shown>>()
  let doubts = 0

  function learn(userId: string, shown: Shown): void {
    const before = known.peek(userId)
    if (!before || before.view.version <= shown.view.version) known.set(userId, shown)
  }

  function hear(userId: string, shown: Shown, before: { view: View; visible: boolean }, visible: boolean, at: number) {
    for (const heard of underWay) heard.set(userId, shown)
    if (known.has(userId)) learn(userId, shown)
    if (visible) hidings.delete(userId)
    else if (before.visible) hidings.set(userId, { userId, from: before.view, at })
  }

  function doubt(concern: Concern): void {
    doubts += 1
    for (const userId of [...known.keys()].filter(concern)) known.delete(userId)
  }

  hot.onChange(({ before, after, at }: RecordChange) => {
    hear(after.userId, shownOf(after), seenBy(seenIn(before)), seenBy(seenIn(after)).visible, at)
  })
  shared?.onRemoteChange(({ userId, stranger, before, visibility, at }: RemoteChange) => {
    // When somebody was active is not among the news.
    const { visible } = seenBy({ stranger, visibility })
    hear(userId, { view: stranger, activityAt: null }, seenBy(before), visible, at)
  })
  directory.listen((changed) => {
    if (changed === null) allRelistedAt = hot.now()
    else for (const { userId } of changed) relistedAt.set(userId, hot.now())
  })
  shared?.onDoubt(doubt)
  shared?.onAmnesia(doubt)

  return {
    begin(query) {
      const heard = new Map<string, Shown>()
      underWay.add(heard)
      const at = hot.now()
      const doubtsBefore = doubts
      return {
        remember(key, { result, records }) {
          pages.set(key, { query, result, at })
          if (doubts !== doubtsBefore) return
          for (const [userId, record] of records) {
            learn(userId, shownOf(record))
            const later = heard.get(userId)
            if (later) learn(userId, later)
          }
        },
        end() {
          underWay.delete(heard)
        },
      }
    },
    get: (key) => pages.get(key),
    shown: (userId) => known.get(userId),
    hidings: (since) => [...hidings.values()].filter(({ at }) => at >= since),
    knownIn({ cityId, serviceId }) {
      const inside = [...pages.values()].filter(
        ({ query }) =>
          (cityId === null || query.cityId === cityId) && (serviceId === null || query.serviceId === serviceId),
      )
      return new Set(inside.flatMap(({ result }) => result.providers.map(({ userId }) => userId)))
    },
    wasRelisted: (userId, since) => Math.max(allRelistedAt, relistedAt.get(userId) ?? allRelistedAt) >= since,
  }
}
