import { describe, expect, test } from 'vitest'
import type { ProviderCard, ProvidersDiff } from '../../protocol/events.ts'
import { createSearches, type SearchWish } from './searches.ts'
import type { SearchWindow } from './window.ts'

const LYON = { city_id: 1 }

describe('the searches of a page', () => {
  test('R40 are told once for all that changed in one go, and end with the last reader', async () => {
    const { searches, told } = setUp()
    const first = searches.watch(LYON)
    const second = searches.watch({ city_id: '1' })
    const other = searches.watch({ city_id: 2 })
    await Promise.resolve()
    expect(told.map(keys)).toEqual([['1', '2']])
    first.close()
    first.close()
    other.close()
    await Promise.resolve()
    expect(told.map(keys)).toEqual([['1', '2'], ['1']])
    second.close()
    const third = searches.watch(LYON)
    await Promise.resolve()
    expect(keys(searches.wishes())).toEqual(['1'])
    third.close()
    await Promise.resolve()
    expect(searches.wishes()).toEqual([])
  })

  test('go on with what they have when a reader leaves and another comes in the same moment', async () => {
    const { searches, key } = setUp()
    const before = searches.watch(LYON)
    searches.told(key, { kind: 'window', window: windowAt(1, 'marta') })
    before.close()
    const after = searches.watch(LYON)
    await Promise.resolve()
    expect(after.get()).toMatchObject({ status: 'live', providers: [card('marta')] })
  })

  test('R41 ask for a window when a change does not follow, and show what they have as stale until then', async () => {
    const { searches, told, key } = setUp()
    const search = searches.watch(LYON)
    await Promise.resolve()
    searches.told(key, { kind: 'diff', diff: diffAt(1, 'nobody waits for it') })
    expect(search.get().status).toBe('loading')
    searches.told(key, { kind: 'window', window: windowAt(1, 'marta') })
    searches.told(key, { kind: 'diff', diff: diffAt(2, 'luc') })
    expect(searches.wishes().map(({ isLive }) => isLive)).toEqual([true])
    const state = search.get()
    searches.told(key, { kind: 'diff', diff: diffAt(2, 'luc') })
    expect(search.get()).toBe(state)
    searches.told(key, { kind: 'diff', diff: diffAt(4, 'ana') })
    expect(search.get()).toEqual({ ...state, status: 'stale' })
    await Promise.resolve()
    expect(told.at(-1)?.map(({ isLive }) => isLive)).toEqual([false])
    searches.told(key, { kind: 'window', window: windowAt(4, 'ana') })
    expect(search.get()).toMatchObject({ status: 'live', providers: [card('ana')] })
  })

  test('R45 are stale when contact is lost, and say so once', () => {
    const { searches, key } = setUp()
    const search = searches.watch(LYON)
    searches.lost()
    expect(search.get().status).toBe('loading')
    searches.told(key, { kind: 'window', window: windowAt(1, 'marta') })
    let changes = 0
    search.subscribe(() => {
      changes += 1
    })
    searches.lost()
    searches.lost()
    searches.told(key, { kind: 'doubted' })
    expect([search.get().status, changes]).toEqual(['stale', 1])
  })

  test('R52 keep what they showed when they are refused, and say why until they are answered', () => {
    const { searches, key } = setUp()
    const search = searches.watch(LYON)
    searches.told(key, { kind: 'window', window: windowAt(1, 'marta') })
    const error = { code: 'STORE_UNAVAILABLE', message: 'Not now.', retryable: true }
    searches.told(key, { kind: 'refused', error })
    expect(search.get()).toMatchObject({ status: 'failed', error, providers: [card('marta')] })
    searches.told(key, { kind: 'window', window: windowAt(1, 'marta') })
    expect(search.get()).toMatchObject({ status: 'live', error: null })
  })

  test('seed the presences of cards that are new, once, and none that the server is not sure of', () => {
    const { searches, seeded, key } = setUp()
    searches.watch(LYON)
    searches.told(key, { kind: 'window', window: { ...windowAt(1, 'marta'), stale: true } })
    expect(seeded).toEqual([])
    searches.told(key, { kind: 'window', window: windowAt(1, 'marta', 'luc') })
    searches.told(key, { kind: 'diff', diff: diffAt(2, 'luc', 'ana') })
    searches.told(key, { kind: 'window', window: windowAt(1, 'luc', 'ana') })
    expect(seeded).toEqual([['luc'], ['ana']])
  })
})

function setUp() {
  const told: (readonly SearchWish[])[] = []
  const seeded: string[][] = []
  const searches = createSearches(
    (wishes) => void told.push(wishes),
    (presences) => {
      if (presences.length > 0) seeded.push(presences.map(({ userId }) => userId))
    },
  )
  const probe = createSearches(
    () => undefined,
    () => undefined,
  )
  probe.watch(LYON)
  return { searches, told, seeded, key: probe.wishes()[0]?.key ?? '' }
}

const keys = (wishes: readonly SearchWish[]): unknown[] => wishes.map(({ request }) => request.city_id)

const REST = { watch_id: 'w1', counts: { online: 0, away: 0, dnd: 0 }, next_cursor: null, as_of: null, stale: false }

const windowAt = (seq: number, ...userIds: string[]): SearchWindow => ({ ...REST, seq, providers: userIds.map(card) })

/** From whatever was there to these. */
const diffAt = (seq: number, ...order: string[]): ProvidersDiff => ({
  ...REST,
  seq,
  enter: order.map(card),
  leave: ['marta', 'luc', 'ana'].filter((userId) => !order.includes(userId)),
  change: [],
  order,
})

function card(userId: string): ProviderCard {
  const presence = { userId, online_status: 'online' as const, last_seen: null, show_status: true }
  return { presence, is_online: true, last_seen_text: 'online' }
}
