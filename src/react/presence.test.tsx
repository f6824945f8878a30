// @vitest-environment jsdom
import { act, cleanup, render, renderHook } from '@testing-library/react'
import { memo, type ReactNode, StrictMode } from 'react'
import { afterEach, expect, test } from 'vitest'
import { type PresenceClientDouble, presenceClientDouble } from '../../test/support/presence-client.ts'
import { PresenceDot } from './presence-dot.tsx'
import { PresenceProvider } from './presence-provider.tsx'
import { useConnection } from './use-connection.ts'
import { useMyPresence } from './use-my-presence.ts'
import { usePresence } from './use-presence.ts'
import { useRoster } from './use-roster.ts'

afterEach(cleanup)

test('usePresence watches while it is shown, and says what the client knows', () => {
  const client = presenceClientDouble()
  const { result, rerender, unmount } = renderHook(({ id }) => usePresence(id), {
    wrapper: within(client),
    initialProps: { id: 'marta' },
  })
  expect(result.current).toMatchObject({ userId: 'marta', status: 'unknown' })
  act(() => client.say('marta', { status: 'online', message: 'Hello' }))
  expect(result.current).toMatchObject({ status: 'online', message: 'Hello' })

  rerender({ id: 'luc' })
  expect(Array.from(client.wishes)).toEqual([['luc', 1]])
  unmount()
  expect(client.wishes.size).toBe(0)
  expect(client.listening()).toBe(0)
})

test('StrictMode leaves one wish, one listener and no goodbye', () => {
  const client = presenceClientDouble()
  const { unmount } = render(
    <StrictMode>
      <PresenceProvider client={client}>
        <PresenceDot userId="marta" />
        <PresenceDot userId="marta" />
      </PresenceProvider>
    </StrictMode>,
  )
  expect(Array.from(client.wishes)).toEqual([['marta', 2]])
  expect(client.listening()).toBe(2)
  expect(client.connects()).toBeGreaterThan(0)
  unmount()
  expect(client.wishes.size).toBe(0)
  expect(client.listening()).toBe(0)
  expect(client.closes()).toBe(0)
})

test('of 2,000 dots a change renders one', () => {
  const client = presenceClientDouble()
  const ids = Array.from({ length: 2_000 }, (_, index) => `user-${index}`)
  const rendered: string[] = []
  const draw = ({ userId }: { readonly userId: string }): ReactNode => {
    rendered.push(userId)
    return null
  }
  render(
    ids.map((id) => <PresenceDot key={id} userId={id} render={draw} />),
    { wrapper: within(client) },
  )
  expect(rendered.length).toBe(2_000)

  rendered.length = 0
  act(() => client.say('user-1234', { status: 'dnd' }))
  expect(rendered).toEqual(['user-1234'])
})

test('a provider that renders again renders nobody inside, whatever form its words have', () => {
  const client = presenceClientDouble()
  let renders = 0
  const Reader = memo(() => {
    renders++
    useMyPresence()
    return <PresenceDot userId="marta" />
  })
  const page = (online: string) => (
    <PresenceProvider client={client} words={{ online }}>
      <Reader />
    </PresenceProvider>
  )
  const { rerender, getByRole } = render(page('da'))
  act(() => client.say('marta', { status: 'online' }))
  rerender(page('da'))
  expect(renders).toBe(1)
  rerender(page('hier'))
  expect(getByRole('img').getAttribute('aria-label')).toBe('hier')
})

test('connects only when it is told to', () => {
  const client = presenceClientDouble()
  const { rerender } = render(<PresenceProvider client={client} connect={false} />)
  expect(client.connects()).toBe(0)
  rerender(<PresenceProvider client={client} />)
  expect(client.connects()).toBe(1)
})

test('another client, as when somebody else signs in, takes over every wish', () => {
  const [first, second] = [presenceClientDouble(), presenceClientDouble()]
  second.say('marta', { status: 'away' })
  const page = (client: PresenceClientDouble) => (
    <PresenceProvider client={client}>
      <PresenceDot userId="marta" />
    </PresenceProvider>
  )
  const { rerender, getByRole } = render(page(first))
  rerender(page(second))
  expect(getByRole('img').getAttribute('aria-label')).toBe('away')
  expect([first.wishes.size, first.listening(), second.wishes.size]).toEqual([0, 0, 1])
})

test('useRoster keeps its array and its wish until something in it changed', () => {
  const client = presenceClientDouble()
  const { result, rerender } = renderHook(({ ids }) => useRoster(ids), {
    wrapper: within(client),
    initialProps: { ids: ['marta', 'luc'] },
  })
  const before = result.current
  const wishes = client.watched()
  rerender({ ids: ['marta', 'luc'] })
  act(() => client.say('somebody', { status: 'online' }))
  expect(result.current).toBe(before)
  expect(client.watched()).toBe(wishes)

  act(() => client.say('luc', { status: 'away' }))
  expect(result.current.map(({ status }) => status)).toEqual(['unknown', 'away'])
  expect(result.current[0]).toBe(before[0])

  rerender({ ids: ['luc', 'ana'] })
  expect(result.current.map(({ userId }) => userId)).toEqual(['luc', 'ana'])
  expect(Array.from(client.wishes.keys())).toEqual(['luc', 'ana'])
})

test('useConnection follows the connection', () => {
  const client = presenceClientDouble()
  const { result } = renderHook(useConnection, { wrapper: within(client) })
  expect(result.current).toEqual({ state: 'closed', reason: 'not-opened' })
  act(() => client.sayConnection({ state: 'live', reason: null }))
  expect(result.current.state).toBe('live')
})

test('useMyPresence shows one decision in every component', async () => {
  const client = presenceClientDouble()
  client.sayOwn({ userId: 'marta', online_status: 'online', last_seen: null, show_status: true })
  const { result } = renderHook(() => [useMyPresence(), useMyPresence()] as const, { wrapper: within(client) })
  await act(async () => void result.current[0].setStatus({ status: 'dnd' }))
  expect(result.current[1]).toMatchObject({ presence: { online_status: 'dnd' }, pending: true })
  await act(async () => await client.asked[0]?.refuse('STORE_UNAVAILABLE', 'It could not be stored.'))
  expect(result.current[1]).toMatchObject({
    presence: { online_status: 'online' },
    pending: false,
    error: { code: 'STORE_UNAVAILABLE' },
  })
})

function within(client: PresenceClientDouble) {
  return ({ children }: { readonly children: ReactNode }) => (
    <PresenceProvider client={client}>{children}</PresenceProvider>
  )
}
