import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Status } from '../../src/domain/status.ts'
import { newRecord, type UserRecord } from '../../src/domain/user-record.ts'
import { PROVIDER_SORTS, type ProviderPage, type ProviderRow, type ProviderSearch } from '../../src/store/contract.ts'
import type { MemoryProvider } from '../../src/store/memory/search-providers.ts'
import {
  type DurableStoreUnderTest,
  hiddenRecord,
  MINUTE,
  NOW,
  type OpenDurableStore,
  presentRecord,
  saveVisibility,
} from './durable-store-people.ts'

export const EVERYBODY: ProviderSearch = {
  cityId: null,
  serviceId: null,
  statuses: null,
  seenSince: null,
  activeSince: null,
  name: null,
  price: { min: null, max: null },
  rating: { min: null, max: null },
  sort: 'availability',
  limit: 20,
  after: null,
  shown: [],
  hidden: [],
}

const SORTS = ['online', 'away', 'dnd', 'offline', 'hidden', 'never'] as const
const PRESENT: readonly Status[] = ['online', 'away', 'dnd']

/** Providers in two cities, some without a rating or a price. */
const PEOPLE: readonly MemoryProvider[] = Array.from({ length: 66 }, (_, i) => ({
  id: randomUUID(),
  name: `Provider ${i}`,
  city_id: 1 + (i % 4 === 0 ? 1 : 0),
  service_ids: i % 5 === 0 ? [7, 8] : [8],
  rating: i % 7 === 0 ? null : (i % 6) / 2,
  price: i % 9 === 0 ? null : 20 + (i % 8),
}))

const ofSort = (sort: (typeof SORTS)[number]): string[] =>
  PEOPLE.filter((_, i) => SORTS[i % SORTS.length] === sort).map(({ id }) => id)

function everySortOfPerson({ id }: MemoryProvider, i: number): UserRecord[] {
  const sort = SORTS[i % SORTS.length]
  if (sort === 'never' || sort === undefined) return []
  if (sort === 'hidden') return [hiddenRecord(id)]
  const lastSeenAt = NOW - MINUTE
  const view = { status: sort, lastSeenAt, message: null, version: NOW * 1000 }
  const shown = { lastSeenAt, lastActivityAt: NOW - 2 * MINUTE, contactSeenAt: lastSeenAt }
  return [{ ...newRecord(id), version: view.version, own: view, contact: view, stranger: view, shown }]
}

/** How every durable store searches the host's directory. */
export function providerSearchContract(open: OpenDurableStore): void {
  describe('the search', () => {
    let under: DurableStoreUnderTest
    beforeAll(async () => {
      under = await open(PEOPLE)
      await under.store.project(PEOPLE.flatMap(everySortOfPerson))
    })
    afterAll(() => under.close())

    const find = (search: Partial<ProviderSearch>): Promise<ProviderPage> =>
      under.store.findProviders({ ...EVERYBODY, limit: 1_000, ...search })
    const found = async (filter: Partial<ProviderSearch>): Promise<Set<string>> =>
      new Set((await find(filter)).rows.map(({ userId }) => userId))

    test.each(PROVIDER_SORTS)('pages by %s skip and repeat nobody, and stay in order', async (sort) => {
      const whole = await find({ sort })
      const rows: ProviderRow[] = []
      for (let after: ProviderSearch['after'] = null, more = true; more; ) {
        const page = await find({ sort, limit: 17, after })
        rows.push(...page.rows)
        more = page.more
        after = page.rows.at(-1)?.position ?? null
      }
      expect(rows).toEqual(whole.rows)
      expect(new Set(rows.map(({ userId }) => userId)).size).toBe(PEOPLE.length)
      for (const [i, { position }] of rows.entries()) {
        const previous = rows[i - 1]?.position
        if (previous) expect(comparePositions(previous, position)).toBeGreaterThan(0)
      }
    })

    test('R31 whoever is present keeps their place in the list, however active they are', async () => {
      const { rows } = await find({ statuses: PRESENT })
      expect(new Set(rows.map(({ position }) => position.keys[1]))).toEqual(new Set([0]))
      const { rows: seen } = await find({ sort: 'last_seen' })
      const keys = new Set(seen.map(({ position }) => position.keys.join()))
      expect(keys).toEqual(new Set(['3,0', '2,0', '1,0', `0,${NOW - MINUTE}`, '0,0']))
    })

    test('sorts by what the directory says, whoever says nothing coming last', async () => {
      const rated = (await find({ sort: 'rating' })).rows.map(({ position }) => position.keys[0])
      expect([rated[0], rated.at(-1)]).toEqual([2.5, 0])
      const { rows } = await find({ sort: 'price' })
      expect([rows[0]?.fields['price'], rows.at(-1)?.fields['price']]).toEqual([20, null])
    })

    test('gives out the fields that the host named, as the host types them', async () => {
      const { rows } = await find({ limit: 1, sort: 'price' })
      expect(rows[0]?.fields).toEqual(PEOPLE.find(({ id }) => id === rows[0]?.userId))
    })

    test('counts are of the city and service, before the status filter', async () => {
      const all = await find({ cityId: '2' })
      const none = await find({ cityId: '2', statuses: ['dnd'], seenSince: NOW * 2 })
      expect(none.counts).toEqual(all.counts)
      const online = await find({ cityId: '2', statuses: ['online'] })
      expect(online.rows).toHaveLength(all.counts.online)
      expect(all.rows.every(({ fields }) => fields['city_id'] === 2)).toBe(true)
      expect(all.asOf).toBe(NOW)
      expect((await find({ serviceId: '7' })).rows).toHaveLength(14)
      expect((await find({ cityId: '2', serviceId: '7' })).rows).toHaveLength(4)
      const nowhere = await find({ cityId: '0', serviceId: '7' })
      expect(nowhere).toEqual({ rows: [], more: false, counts: { online: 0, away: 0, dnd: 0 }, asOf: null })
    })

    test('R30 a hidden user is offline and unknown in filters, counts and order, exactly like somebody never seen', async () => {
      const { counts, rows } = await find({})
      expect(counts).toEqual({
        online: ofSort('online').length,
        away: ofSort('away').length,
        dnd: ofSort('dnd').length,
      })
      const unknown = rows.filter(({ position }) => position.keys[0] === 0 && position.keys[1] === 0)
      expect(new Set(unknown.map(({ userId }) => userId))).toEqual(new Set([...ofSort('hidden'), ...ofSort('never')]))
      expect(unknown.every(({ shownActivityAt }) => shownActivityAt === null)).toBe(true)
      const offline = await found({ statuses: ['offline'] })
      expect(ofSort('hidden').every((id) => offline.has(id))).toBe(true)
      for (const filter of [{ statuses: PRESENT }, { seenSince: 1 }, { activeSince: 1 }]) {
        const shown = await found(filter)
        expect(ofSort('hidden').filter((id) => shown.has(id))).toEqual([])
      }
    })

    test('R32 whose hiding is not stored yet is taken as never seen', async () => {
      const [user = ''] = ofSort('online')
      const before = await find({})
      const hidden = [user]
      expect((await found({ statuses: ['online'], hidden })).has(user)).toBe(false)
      expect((await find({ hidden })).counts.online).toBe(before.counts.online - 1)
      const row = (await find({ hidden })).rows.find(({ userId }) => userId === user)
      expect(row).toMatchObject({ position: { keys: [0, 0] }, shownActivityAt: null })
    })

    test('bounds are inclusive: present counts as seen, online counts as active', async () => {
      const present = [...ofSort('online'), ...ofSort('away'), ...ofSort('dnd')]
      expect(await found({ seenSince: NOW - MINUTE })).toEqual(new Set([...present, ...ofSort('offline')]))
      expect(await found({ seenSince: NOW - MINUTE + 1 })).toEqual(new Set(present))
      expect(await found({ activeSince: NOW * 2 })).toEqual(new Set(ofSort('online')))
      const active = await found({ activeSince: NOW - 2 * MINUTE })
      expect(active).toEqual(new Set([...present, ...ofSort('offline')]))
    })

    test('says where a search looks for whom, by which version, and leaves out who is no provider', async () => {
      const [online = '', never = ''] = [...ofSort('online'), ...ofSort('never')].filter((_, i, all) =>
        [0, all.length - 1].includes(i),
      )
      const listings = await under.store.listings([online, never, randomUUID()])
      expect(new Set(listings.keys())).toEqual(new Set([online, never]))
      for (const [id, { cityId, serviceIds, version }] of listings) {
        const provider = PEOPLE.find((person) => person.id === id)
        expect(cityId).toBe(String(provider?.city_id))
        expect(serviceIds.toSorted()).toEqual(provider?.service_ids?.map(String).toSorted())
        expect(version).toBe(id === online ? NOW * 1000 : 0)
      }
      expect(await under.store.listings([])).toEqual(new Map())
      const blind = await open(null)
      expect(await blind.store.listings([online])).toEqual(new Map())
      await blind.close()
    })

    test('R52 refuses what cannot be: a foreign cursor, a search without a directory', async () => {
      await expect(find({ after: { keys: [0, 0], id: "x'" } })).rejects.toMatchObject({ code: 'INVALID_CURSOR' })
      const beyond = { keys: [Number.NaN, 0], id: randomUUID() } as const
      await expect(find({ after: beyond })).rejects.toMatchObject({ code: 'INVALID_CURSOR' })
      const blind = await open(null)
      await expect(blind.store.findProviders(EVERYBODY)).rejects.toMatchObject({ code: 'NOT_FOUND' })
      await blind.close()
    })
  })

  test('R32 a provider who hides leaves the search at once', async () => {
    const [person] = PEOPLE
    if (!person) throw new Error('nobody to search for')
    const under = await open([person])
    await under.store.project([presentRecord(person.id)])
    const find = () => under.store.findProviders({ ...EVERYBODY, activeSince: 1 })
    expect((await find()).rows).toHaveLength(1)
    await saveVisibility(under.store, person.id, false, NOW * 2_000)
    expect(await find()).toMatchObject({ rows: [], counts: { dnd: 0 } })
    await under.close()
  })
}

function comparePositions(a: ProviderRow['position'], b: ProviderRow['position']): number {
  return a.keys[0] - b.keys[0] || a.keys[1] - b.keys[1] || (a.id > b.id ? 1 : -1)
}
