import { RequestError } from 'porchlight/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ProviderPage } from '../api/directory.ts'
import { searchAsGuest } from './guest-search.ts'

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', { visibilityState: 'visible' })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const PAGE: ProviderPage = {
  providers: [],
  next_cursor: null,
  counts: { online: 2, away: 0, dnd: 0 },
  as_of: '2026-11-28T20:00:00.000Z',
  stale: false,
}

/** A server that answers what it is told to, and what it was asked. */
function server() {
  const asked: string[] = []
  const answers: { now: ProviderPage | RequestError } = { now: PAGE }
  const http = <T>(path: string): Promise<T> => {
    asked.push(path)
    const { now } = answers
    return now instanceof RequestError ? Promise.reject(now) : Promise.resolve(now as T)
  }
  return { asked, answers, search: () => searchAsGuest(http, { city_id: 1, name: '' }, () => undefined) }
}

const look = () => vi.advanceTimersByTimeAsync(15_000)

test('looks at once and then every fifteen seconds, until it is closed', async () => {
  const { asked, search } = server()
  const { get, close } = search()
  expect(get().status).toBe('loading')
  await vi.advanceTimersByTimeAsync(0)
  expect(get()).toMatchObject({ status: 'live', counts: PAGE.counts })
  await look()
  expect(asked).toEqual(['/api/providers?city_id=1', '/api/providers?city_id=1'])
  close()
  await look()
  expect(asked).toHaveLength(2)
})

test('R50 says that it is old while nobody can vouch for it, and keeps what it has', async () => {
  const { answers, search } = server()
  const { get } = search()
  await vi.advanceTimersByTimeAsync(0)
  answers.now = { ...PAGE, stale: true }
  await look()
  expect(get().status).toBe('stale')
  answers.now = new RequestError('STORE_UNAVAILABLE', 'PostgreSQL does not answer', { retryable: true, status: 503 })
  await look()
  expect(get()).toMatchObject({ status: 'stale', counts: PAGE.counts })
  answers.now = PAGE
  await look()
  expect(get()).toMatchObject({ status: 'live', error: null })
})

test('has failed when nobody ever answered', async () => {
  const { answers, search } = server()
  answers.now = new RequestError('STORE_UNAVAILABLE', 'PostgreSQL does not answer', { retryable: true, status: 503 })
  const { get } = search()
  await vi.advanceTimersByTimeAsync(0)
  expect(get()).toMatchObject({ status: 'failed', error: { code: 'STORE_UNAVAILABLE' } })
})
