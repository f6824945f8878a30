import { describe, expect, test } from 'vitest'
import { presenceInfo } from '../../domain/info.ts'
import type { Rules } from '../../domain/rules.ts'
import type { Session } from '../../domain/session.ts'
import { AVAILABILITY } from '../../domain/status.ts'
import { connect, end, setVisible } from '../../domain/steps.ts'
import { newRecord, type Step, type UserRecord } from '../../domain/user-record.ts'
import type { Concern, SharedHotStore } from '../../store/contract.ts'
import { createMemoryHotStore } from '../../store/memory/memory-hot-store.ts'
import type { FoundProvider, ProviderQuery } from '../verbs.ts'
import { createRelistings } from '../relistings.ts'
import { createLastPages } from './last-pages.ts'
import { showLast } from './show-last.ts'

const RULES: Rules = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 300_000,
  maxSessionsPerUser: 3,
}
const T = 1_700_000_000_000
const QUERY: ProviderQuery = {
  cityId: '1',
  serviceId: null,
  statuses: null,
  lastSeenWithinMs: null,
  activeWithinMs: null,
  name: null,
  price: { min: null, max: null },
  rating: { min: null, max: null },
  sort: 'availability',
  limit: 20,
  place: null,
}

/** A hot store that keeps nobody who can be looked up elsewhere, and a search of it. */
function stage() {
  const clock = { now: T }
  const hot = createMemoryHotStore({ clock: () => clock.now, maxResting: 0 })
  const doubts: ((concern: Concern) => void)[] = []
  // Of a shared store only what it says about itself matters here.
  const ears = {
    onRemoteChange: () => () => {},
    onAmnesia: () => () => {},
    onDoubt: (ear: (c: Concern) => void) => doubts.push(ear),
  }
  const relistings = createRelistings(null)
  const pages = createLastPages({ hot, shared: ears as unknown as SharedHotStore, relistings })
  const stored = new Map<string, UserRecord>()

  async function change(userId: string, step: (record: UserRecord, now: number) => Step): Promise<void> {
    clock.now += 1_000
    const change = await hot.change(userId, step, stored.get(userId) ?? newRecord(userId))
    if (change) stored.set(userId, change.after)
  }

  return {
    pages,
    relist: (userId: string) => relistings.tell([{ userId, before: null, after: null }]),
    clock,
    hot,
    doubt: (concern: Concern) => doubts.forEach((tell) => tell(concern)),
    comes: (userId: string) => change(userId, (record, now) => connect(record, session(userId, now), now, RULES)),
    leaves: (userId: string) => change(userId, (record, now) => end(record, new Set([userId]), now, RULES)),
    hides: (userId: string) =>
      change(userId, (record, now) => setVisible(record, false, record.visibility.version + now, now, RULES)),
    /** PostgreSQL has everything: whoever is not here is forgotten. */
    store: async () => hot.markProjected(await hot.unprojected(100)),
    /** A search that finds these people in this order. */
    remember(userIds: readonly string[], query: ProviderQuery = QUERY): void {
      const records = new Map(userIds.map((userId) => [userId, stored.get(userId) ?? newRecord(userId)]))
      const providers = [...records.values()].map(cardOf)
      const count = (status: string) => providers.filter(({ presence }) => presence.online_status === status).length
      const counts = { online: count('online'), away: count('away'), dnd: count('dnd') }
      const underWay = pages.begin(query)
      underWay.remember('key', { result: { providers, next: null, counts, asOf: T, stale: false }, records })
      underWay.end()
    },
    async last() {
      const page = pages.get('key')
      if (!page) throw new Error('nothing is remembered')
      const { providers, counts, stale, ageMs } = await showLast({ hot, rules: RULES, rollout: null }, pages, page)
      const seen = providers.map(({ presence }) => [presence.userId, presence.online_status, presence.last_seen])
      return { seen, counts, stale, ageMs }
    },
  }
}

const session = (sessionId: string, now: number): Session => ({
  sessionId,
  socketId: sessionId,
  nodeId: 'n1',
  deviceType: 'web',
  deviceId: null,
  connectedAt: now,
  lastActivityAt: now,
  lost: null,
})

const cardOf = ({ userId, stranger }: UserRecord): FoundProvider => ({
  userId,
  fields: { id: userId },
  presence: presenceInfo(userId, stranger, true),
  version: stranger.version,
  position: {
    keys: [AVAILABILITY[stranger.status], stranger.status === 'offline' ? (stranger.lastSeenAt ?? 0) : 0],
    id: userId,
  },
})

const iso = (at: number): string => new Date(at).toISOString()

describe('a page that is remembered', () => {
  test('R32 whoever hid, was stored and forgotten since is not shown as they were', async () => {
    const { comes, hides, leaves, store, remember, last, hot } = stage()
    await comes('b')
    await comes('a')
    remember(['b', 'a', 'c'])
    await hides('a')
    await leaves('a')
    await store()
    expect([...(await hot.read(['a', 'b'])).keys()]).toEqual(['b'])
    expect(await last()).toMatchObject({
      seen: [
        ['b', 'online', iso(T + 1_000)],
        ['c', 'offline', null],
        ['a', 'offline', null],
      ],
      counts: { online: 1 },
      stale: true,
    })
  })

  test('R50 whoever cannot be asked about keeps their card', async () => {
    const { comes, leaves, store, remember, last, clock } = stage()
    await comes('a')
    await leaves('a')
    await store()
    remember(['a', 'b'])
    clock.now += 5_000
    expect(await last()).toEqual({
      seen: [
        ['a', 'offline', iso(T + 2_000)],
        ['b', 'offline', null],
      ],
      counts: { online: 0, away: 0, dnd: 0 },
      stale: true,
      ageMs: 5_000,
    })
  })

  test('R32 whoever may have hidden unheard is not shown, unless the store still knows them', async () => {
    const { comes, leaves, store, remember, last, doubt } = stage()
    await comes('a')
    await comes('b')
    await leaves('b')
    await store()
    remember(['a', 'b', 'c'])
    doubt((userId) => userId !== 'c')
    expect((await last()).seen).toEqual([
      ['a', 'online', iso(T + 1_000)],
      ['c', 'offline', null],
    ])
  })

  test('R31 whoever hid is shown, or left out, no otherwise for being here', async () => {
    const seenWhile = async (isHere: boolean) => {
      const { comes, hides, leaves, store, remember, last, doubt } = stage()
      await comes('a')
      await hides('a')
      await leaves('a')
      await store()
      remember(['a', 'b'])
      if (isHere) await comes('a')
      const before = (await last()).seen
      doubt(() => true)
      return [before, (await last()).seen]
    }
    expect(await seenWhile(true)).toEqual(await seenWhile(false))
  })

  test('R32 what is heard of somebody while a search is under way is newer than what it read', async () => {
    const { comes, hides, leaves, store, last, pages, clock } = stage()
    const underWay = pages.begin(QUERY)
    await comes('a')
    await hides('a')
    await leaves('a')
    await store()
    const online = connect(newRecord('a'), session('a', T), clock.now - 2_500, RULES).record
    const result = { providers: [cardOf(online)], next: null, counts: { online: 1, away: 0, dnd: 0 }, asOf: T }
    underWay.remember('key', { result: { ...result, stale: false }, records: new Map([['a', online]]) })
    underWay.end()
    expect(await last()).toMatchObject({ seen: [['a', 'offline', null]], counts: { online: 0 } })
  })

  test('R45 whoever was here and is not known any more is not called offline', async () => {
    const { remember, last, hot, comes, pages } = stage()
    await comes('a')
    remember(['a'])
    const other = createMemoryHotStore({ clock: hot.now })
    const page = pages.get('key')
    expect(page && (await showLast({ hot: other, rules: RULES, rollout: null }, pages, page)).providers).toEqual([])
    expect((await last()).seen).toHaveLength(1)
  })

  test('whom the directory lists otherwise by now is left out', async () => {
    const { comes, remember, last, relist } = stage()
    await comes('a')
    remember(['a', 'b'])
    relist('b')
    expect((await last()).seen.map(([userId]) => userId)).toEqual(['a'])
  })

  test('R50 conditions hold at the time of the answer', async () => {
    const { comes, leaves, store, remember, last, clock } = stage()
    await comes('a')
    await leaves('a')
    await store()
    remember(['a'], { ...QUERY, lastSeenWithinMs: 60_000 })
    clock.now += 59_000
    expect((await last()).seen).toHaveLength(1)
    clock.now += 2_000
    expect((await last()).seen).toHaveLength(0)
  })
})
