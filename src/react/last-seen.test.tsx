// @vitest-environment jsdom
import { act, cleanup, render } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { presenceClientDouble } from '../../test/support/presence-client.ts'
import { LastSeen } from './last-seen.tsx'
import { PresenceProvider, type PresenceProviderProps } from './presence-provider.tsx'
import { useTimeAgo } from './use-time-ago.ts'

const NOW = Date.UTC(2026, 10, 24, 18)
const MINUTE = 60_000
const ago = (ms: number): string => new Date(NOW - ms).toISOString()

beforeEach(() => {
  vi.useFakeTimers({ now: NOW, toFake: ['Date', 'setInterval', 'clearInterval'] })
})
afterEach(() => {
  cleanup()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
  vi.restoreAllMocks()
})

test('words who is here without a time, and who is not with one', () => {
  const { client, container } = page(<LastSeen userId="marta" className="quiet" />)
  expect(container.innerHTML).toBe('<span class="quiet">status unknown</span>')
  act(() => client.say('marta', { status: 'dnd', lastSeen: ago(0) }))
  expect(container.innerHTML).toBe('<span class="quiet">do not disturb</span>')
  act(() => client.say('marta', { status: 'offline', lastSeen: ago(5 * MINUTE) }))
  expect(container.innerHTML).toBe(`<time class="quiet" datetime="${ago(5 * MINUTE)}">last seen 5 minutes ago</time>`)
})

test('R30 says no more than offline of somebody whose last seen is unknown', () => {
  const { client, container } = page(<LastSeen userId="marta" />)
  act(() => client.say('marta', { status: 'offline', lastSeen: null }))
  expect(container.innerHTML).toBe('<span>offline</span>')
})

test.each<[locale: string, words: PresenceProviderProps['words'], text: string]>([
  ['fr', undefined, 'il y a 5 minutes'],
  ['de', { lastSeen: 'zuletzt {time} hier' }, 'zuletzt vor 5 Minuten hier'],
])('words it in %s', (locale, words, text) => {
  const { client, container } = page(<LastSeen userId="marta" />, { locale, ...(words ? { words } : {}) })
  act(() => client.say('marta', { status: 'offline', lastSeen: ago(5 * MINUTE) }))
  expect(container.textContent).toBe(text)
})

test('takes another language than the page where it is told to', () => {
  const { client, container } = page(<LastSeen userId="marta" locale="fr" />)
  act(() => client.say('marta', { status: 'offline', lastSeen: ago(5 * MINUTE) }))
  expect(container.textContent).toBe('il y a 5 minutes')
})

test('a thousand of them share one timer, and render only when their words change', () => {
  let renders = 0
  const draw = (text: string) => {
    renders++
    return text
  }
  const ids = Array.from({ length: 1_000 }, (_, index) => `user-${index}`)
  const { client, container } = page(ids.map((id) => <LastSeen key={id} userId={id} render={draw} />))
  act(() => ids.forEach((id, at) => client.say(id, { status: 'offline', lastSeen: ago(at < 10 ? 50_000 : MINUTE) })))
  expect(vi.getTimerCount()).toBe(1)

  renders = 0
  act(() => void vi.advanceTimersByTime(10_000))
  expect(renders).toBe(10)
  expect(container.textContent).not.toContain('just now')
})

test('time stands still while nobody sees the page, and is right again when somebody does', () => {
  const { client, container } = page(<LastSeen userId="marta" />)
  act(() => client.say('marta', { status: 'offline', lastSeen: ago(MINUTE) }))
  const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
  act(() => void vi.advanceTimersByTime(10 * MINUTE))
  expect(container.textContent).toBe('last seen 1 minute ago')
  visibility.mockReturnValue('visible')
  act(() => void document.dispatchEvent(new Event('visibilitychange')))
  expect(container.textContent).toBe('last seen 11 minutes ago')
})

test('useTimeAgo words any moment', () => {
  const Moment = ({ at }: { readonly at: string | null }) => <>{useTimeAgo(at)}</>
  const { container } = page([<Moment key="a" at={ago(2 * MINUTE)} />, <Moment key="b" at={null} />])
  expect(container.textContent).toBe('2 minutes ago')
  act(() => void vi.advanceTimersByTime(MINUTE))
  expect(container.textContent).toBe('3 minutes ago')
})

function page(children: React.ReactNode, around: Omit<PresenceProviderProps, 'client'> = {}) {
  const client = presenceClientDouble()
  const { container } = render(
    <PresenceProvider client={client} {...around}>
      {children}
    </PresenceProvider>,
  )
  return { client, container }
}
