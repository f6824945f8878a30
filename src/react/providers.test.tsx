// @vitest-environment jsdom
import { act, cleanup, renderHook } from '@testing-library/react'
import { type ReactNode, StrictMode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { type PresenceClientDouble, presenceClientDouble } from '../../test/support/presence-client.ts'
import { PresenceProvider } from './presence-provider.tsx'
import { useProviders } from './use-providers.ts'
import { useSteadyProviders } from './use-steady-providers.ts'

afterEach(cleanup)

const PLUMBERS = { city_id: 1, service_id: 2 }
const BAKERS = { city_id: 1, service_id: 3 }

test('useProviders searches while it is shown, and says what the client knows', () => {
  const client = presenceClientDouble()
  const { result, rerender, unmount } = renderHook(({ query }) => useProviders(query), {
    wrapper: within(client),
    initialProps: { query: PLUMBERS },
  })
  expect(result.current).toMatchObject({ status: 'loading', providers: [] })
  act(() => client.saySearch(PLUMBERS, found('marta', 'luc')))
  expect(names(result.current.providers)).toEqual(['marta', 'luc'])

  const before = result.current
  rerender({ query: { ...PLUMBERS } })
  expect(result.current).toBe(before)
  expect(Array.from(client.searches.values())).toEqual([1])

  rerender({ query: BAKERS })
  expect(result.current).toMatchObject({ status: 'loading', providers: [] })
  expect(client.searches.size).toBe(1)
  unmount()
  expect(client.searches.size).toBe(0)
  expect(client.listening()).toBe(0)
})

test('useProviders leaves one search in StrictMode, and none without a query', () => {
  const client = presenceClientDouble()
  const { rerender, unmount } = renderHook(({ query }) => useProviders(query), {
    wrapper: within(client, true),
    initialProps: { query: null as typeof PLUMBERS | null },
  })
  expect(client.searches.size).toBe(0)
  rerender({ query: PLUMBERS })
  expect(Array.from(client.searches.values())).toEqual([1])
  unmount()
  expect(client.searches.size).toBe(0)
})

test('useProviders shows what the page came with until somebody answers', () => {
  const client = presenceClientDouble()
  const { providers, counts } = found('marta')
  const initial = { providers, counts, next_cursor: 'more', as_of: null }
  const { result } = renderHook(() => useProviders(PLUMBERS, { initial: { ...initial } }), { wrapper: within(client) })
  expect(result.current).toMatchObject({ status: 'loading', providers, counts, nextCursor: 'more' })
  act(() => client.saySearch(PLUMBERS, { status: 'failed', error: refusal() }))
  expect(result.current).toMatchObject({ status: 'failed', providers, error: { code: 'INVALID_QUERY' } })
  act(() => client.saySearch(PLUMBERS, { ...found(), error: null }))
  expect(result.current).toMatchObject({ status: 'live', providers: [], error: null })
})

test('useSteadyProviders moves nobody while it is held', () => {
  const client = presenceClientDouble()
  const { result } = renderHook(() => useSteadyProviders(PLUMBERS), { wrapper: within(client) })
  act(() => client.saySearch(PLUMBERS, found('marta', 'luc')))
  let letGo = (): void => undefined
  act(() => {
    letGo = result.current.hold()
  })
  act(() => client.saySearch(PLUMBERS, found('ana', 'luc')))
  expect(names(result.current.providers)).toEqual(['marta', 'luc'])
  expect(names(result.current.entering)).toEqual(['ana'])
  expect([...result.current.leaving]).toEqual(['marta'])
  act(() => result.current.bringIn())
  expect(names(result.current.providers)).toEqual(['ana', 'luc'])
  act(() => client.saySearch(PLUMBERS, found('luc', 'ana')))
  expect(names(result.current.providers)).toEqual(['ana', 'luc'])
  act(() => letGo())
  expect(names(result.current.providers)).toEqual(['luc', 'ana'])
  const before = result.current
  act(() => result.current.hold()())
  expect(result.current).toBe(before)
})

const names = (cards: readonly { readonly presence: { readonly userId: string } }[]): string[] =>
  cards.map(({ presence }) => presence.userId)

const refusal = () =>
  Object.assign(new Error('That cannot be searched for.'), {
    name: 'RequestError' as const,
    code: 'INVALID_QUERY',
    retryable: false,
    status: 0,
  })

function found(...userIds: string[]) {
  const providers = userIds.map((userId) => ({
    presence: { userId, online_status: 'online' as const, last_seen: null, show_status: true },
    is_online: true,
    last_seen_text: 'online',
  }))
  return { status: 'live' as const, providers, counts: { online: userIds.length, away: 0, dnd: 0 } }
}

function within(client: PresenceClientDouble, strict = false) {
  return ({ children }: { readonly children: ReactNode }) => {
    const page = <PresenceProvider client={client}>{children}</PresenceProvider>
    return strict ? <StrictMode>{page}</StrictMode> : page
  }
}
