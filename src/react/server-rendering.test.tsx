// @vitest-environment node
import { JSDOM } from 'jsdom'
import { act } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, expect, test, vi } from 'vitest'
import { presenceClientDouble } from '../../test/support/presence-client.ts'
import { LastSeen } from './last-seen.tsx'
import { PresenceDot } from './presence-dot.tsx'
import { PresenceProvider } from './presence-provider.tsx'
import { useConnection } from './use-connection.ts'
import { useMyPresence } from './use-my-presence.ts'
import { usePresenceText } from './use-presence-text.ts'
import { useProviders } from './use-providers.ts'
import { useRoster } from './use-roster.ts'
import { useSteadyProviders } from './use-steady-providers.ts'
import { useTimeAgo } from './use-time-ago.ts'

const PLUMBERS = { city_id: 1, service_id: 2 }
const LISTED = { providers: [card('marta')], counts: { online: 1, away: 0, dnd: 0 }, next_cursor: null, as_of: null }
const AN_HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString()

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

test('renders without a browser: nobody is asked, nothing is connected, everybody is unknown', () => {
  expect(globalThis).not.toHaveProperty('window')
  const client = knowing()
  const html = renderToString(<Page client={client} />)
  expect(html).toContain('status unknown')
  expect(html).toContain('unknown unknown closed loading 1 loading 0')
  expect(html).not.toContain(' style=')
  expect([client.connects(), client.wishes.size, client.searches.size, client.listening()]).toEqual([0, 0, 0, 0])
})

test('says what is missing where there is no provider', () => {
  expect(() => renderToString(<PresenceDot userId="marta" />)).toThrow(/not inside a <PresenceProvider>/)
})

test('is taken over in a browser without a mismatch, and then says what is known', async () => {
  const html = renderToString(<Page client={knowing()} />)
  const { window } = new JSDOM(`<div id="root">${html}</div>`)
  for (const name of ['window', 'document', 'navigator', 'HTMLElement', 'Element', 'Node'] as const) {
    vi.stubGlobal(name, name === 'window' ? window : window[name])
  }
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true)
  const complaints = vi.spyOn(console, 'error')
  const { hydrateRoot } = await import('react-dom/client')
  const container = window.document.querySelector('#root')
  if (!container) throw new Error('no root')

  const recovered: unknown[] = []
  const root = await act(async () =>
    hydrateRoot(container, <Page client={knowing()} />, { onRecoverableError: (error) => recovered.push(error) }),
  )
  expect(recovered).toEqual([])
  expect(complaints.mock.calls).toEqual([])
  expect(container.querySelector('[role=img]')?.getAttribute('aria-label')).toBe('online')
  expect(container.querySelector('time')?.textContent).toBe('last seen 1 hour ago')
  expect(container.querySelector('#all')?.textContent).toBe(
    'online offline live live 2 live 0 dnd last seen 1 hour ago 1 hour ago',
  )
  await act(async () => root.unmount())
})

function Page({ client }: { readonly client: ReturnType<typeof knowing> }) {
  return (
    <PresenceProvider client={client}>
      <PresenceDot userId="marta" />
      <LastSeen userId="luc" />
      <Everything />
    </PresenceProvider>
  )
}

function Everything() {
  const statuses = useRoster(['marta', 'luc']).map(({ status }) => status)
  const { state } = useConnection()
  const { presence } = useMyPresence()
  const words = usePresenceText({ status: 'offline', lastSeen: AN_HOUR_AGO })
  const { status, providers } = useProviders(PLUMBERS, { initial: LISTED })
  const { status: steady, entering } = useSteadyProviders(PLUMBERS)
  const said = [
    ...statuses,
    state,
    status,
    providers.length,
    steady,
    entering.length,
    presence?.online_status,
    words,
    useTimeAgo(AN_HOUR_AGO),
  ]
  return <p id="all">{said.join(' ')}</p>
}

/** A client that knows everything already, which a server's rendering must not show. */
function knowing() {
  const client = presenceClientDouble()
  client.say('marta', { status: 'online' })
  client.say('luc', { status: 'offline', lastSeen: AN_HOUR_AGO })
  client.saySearch(PLUMBERS, { ...LISTED, status: 'live', providers: [card('marta'), card('luc')] })
  client.sayConnection({ state: 'live', reason: null })
  client.sayOwn({ userId: 'ana', online_status: 'dnd', last_seen: null, show_status: true })
  return client
}

function card(userId: string) {
  return {
    presence: { userId, online_status: 'online' as const, last_seen: null, show_status: true },
    is_online: true,
    last_seen_text: 'online',
  }
}
