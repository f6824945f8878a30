import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createAnnouncements } from './announcements.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('tells at most once in five seconds, and then all that happened meanwhile', () => {
  const { text, post } = createAnnouncements()
  post('ana', () => 'Ana is online')
  vi.advanceTimersByTime(300)
  expect(text.get()).toBe('Ana is online.')
  post('ben', () => 'Ben is away')
  post('list', () => '3 more came online')
  vi.advanceTimersByTime(4_999)
  expect(text.get()).toBe('Ana is online.')
  vi.advanceTimersByTime(1)
  expect(text.get()).toBe('Ben is away, 3 more came online.')
})

test('tells the latest of a topic, and nothing that is not so any more', () => {
  const { text, post } = createAnnouncements()
  post('list', () => '1 more came online')
  post('list', () => '2 more came online')
  post('ana', () => null)
  vi.advanceTimersByTime(300)
  expect(text.get()).toBe('2 more came online.')
})

test('counts what nobody could follow', () => {
  const { text, post } = createAnnouncements()
  for (const name of ['Ana', 'Ben', 'Carla', 'Dora']) post(name, () => `${name} is away`)
  vi.advanceTimersByTime(300)
  expect(text.get()).toBe('Ana is away, Ben is away, and 2 more changed.')
})
