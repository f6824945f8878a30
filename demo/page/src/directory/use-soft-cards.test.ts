// @vitest-environment jsdom
import { act, cleanup, renderHook } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Provider } from '../api/directory.ts'
import { useSoftCards } from './use-soft-cards.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  cleanup()
  vi.useRealTimers()
})

const people = (...ids: string[]): Provider[] => ids.map((id) => ({ id }) as Provider)

function show(first: Provider[], isMotionOff = false) {
  const { result, rerender } = renderHook(({ providers }) => useSoftCards(providers, isMotionOff), {
    initialProps: { providers: first },
  })
  return {
    become: (...ids: string[]) => rerender({ providers: people(...ids) }),
    drawn: () => result.current.cards.map(({ id }) => (result.current.fading.has(id) ? `(${id})` : id)).join(' '),
  }
}

function pass(ms: number): void {
  act(() => {
    vi.advanceTimersByTime(ms)
  })
}

test('whoever leaves fades where they were, and only then the others move', () => {
  const { become, drawn } = show(people('ana', 'ben', 'carla'))
  become('carla', 'ana', 'dora')
  expect(drawn()).toBe('ana (ben) carla')
  pass(150)
  expect(drawn()).toBe('carla ana dora')
})

test('more news while somebody fades makes it last no longer, and who returns stays', () => {
  const { become, drawn } = show(people('ana', 'ben', 'carla'))
  become('ana')
  pass(100)
  become('ana', 'carla')
  expect(drawn()).toBe('ana (ben) carla')
  pass(50)
  expect(drawn()).toBe('ana carla')
})

test('nobody waits when nobody leaves, or when stillness was asked for', () => {
  const calm = show(people('ana'))
  calm.become('ben', 'ana')
  expect(calm.drawn()).toBe('ben ana')
  const still = show(people('ana', 'ben'), true)
  still.become('ben')
  expect(still.drawn()).toBe('ben')
})
