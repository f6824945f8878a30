import { afterEach, describe, expect, test, vi } from 'vitest'
import { PresenceError } from '../domain/errors.ts'
import { shortName } from '../domain/short-name.ts'
import { createMemoryDurableStore } from '../store/memory/memory-durable-store.ts'
import { createPurge, type PurgeHook } from './purge.ts'

const providers = [
  { id: 'ana', city_id: 3, service_ids: [1, 2] },
  { id: 'ben', city_id: 4 },
]
const short = (...userIds: string[]) => userIds.map((userId) => `provider-${shortName(userId)}`)

/** A purge in front of a directory, and what the hook was told. */
function stage(hook: PurgeHook = () => {}, listings = createMemoryDurableStore({ providers }).listings) {
  const told: (readonly string[])[] = []
  const outcomes: boolean[] = []
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const purge = createPurge({
    hook: (keys) => {
      told.push(keys)
      return hook(keys)
    },
    durable: { listings },
    log,
    onCall: (worked) => outcomes.push(worked),
  })
  return { purge, told, outcomes, log }
}

afterEach(() => void vi.useRealTimers())

describe('caches are purged', () => {
  test('R32 of the card of whoever hid, and of every count they were in', async () => {
    const { purge, told, outcomes } = stage()
    purge.hidden('ana')
    await vi.waitFor(() => expect(outcomes).toEqual([true]))
    expect(told).toEqual([[...short('ana'), 'city-3', 'city-all']])
  })

  test('of nothing when somebody hides who is in no search', async () => {
    const { purge, told, outcomes } = stage()
    purge.hidden('a client')
    purge.hidden('ben')
    await vi.waitFor(() => expect(outcomes).toEqual([true]))
    expect(told).toEqual([[...short('ben'), 'city-4', 'city-all']])
  })

  test('of where a provider was listed and is listed now', async () => {
    const { purge, told, outcomes } = stage()
    purge.relisted([])
    const at = (cityId: string) => ({ cityId, serviceIds: [] })
    purge.relisted([{ userId: 'ana', before: at('9'), after: at('3') }])
    await vi.waitFor(() => expect(outcomes).toEqual([true]))
    expect(told).toEqual([[...short('ana'), 'city-3', 'city-9', 'city-all']])
  })

  test('of everything when very many change', async () => {
    const many = Array.from({ length: 101 }, (_, i) => ({ userId: `user ${i}`, before: null, after: null }))
    const { purge, told, outcomes } = stage()
    purge.relisted(many)
    await vi.waitFor(() => expect(outcomes).toEqual([true]))
    expect(told).toEqual([['providers']])
  })

  test('R32 of everything when it cannot be known where somebody is listed, or not in time', async () => {
    vi.useFakeTimers()
    const away = new PresenceError('STORE_UNAVAILABLE', 'Away.', { retryable: true })
    const failing = stage(undefined, () => Promise.reject(away))
    const hanging = stage(undefined, () => new Promise(() => {}))
    for (const { purge } of [failing, hanging]) purge.hidden('ana')
    await vi.advanceTimersByTimeAsync(500)
    for (const { told, outcomes } of [failing, hanging]) {
      expect(told).toEqual([[...short('ana'), 'providers']])
      expect(outcomes).toEqual([true])
    }
  })

  test('R52 by a hook that throws, rejects or hangs: nobody notices but the operator', async () => {
    vi.useFakeTimers()
    const bad: PurgeHook[] = [
      () => {
        throw new Error('broken')
      },
      () => Promise.reject(new Error('refused')),
      () => new Promise(() => {}),
    ]
    for (const hook of bad) {
      const { purge, outcomes, log } = stage(hook)
      purge.hidden('ana')
      await vi.advanceTimersByTimeAsync(10_500)
      expect(outcomes).toEqual([false])
      expect(log.warn).toHaveBeenCalledTimes(1)
      // Whom it was about is not for the log.
      expect(JSON.stringify(log.warn.mock.calls)).not.toContain('provider-')
    }
  })

  test('by nobody when there is no hook', async () => {
    const listings = vi.fn()
    const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
    const purge = createPurge({ hook: undefined, durable: { listings }, log, onCall: () => {} })
    purge.hidden('ana')
    purge.relisted([{ userId: 'ana', before: null, after: null }])
    expect(listings).not.toHaveBeenCalled()
  })
})
