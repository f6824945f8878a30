// @vitest-environment jsdom
import { act, cleanup, render } from '@testing-library/react'
import { afterEach, expect, test } from 'vitest'
import { presenceClientDouble } from '../../test/support/presence-client.ts'
import type { Presence } from '../client/contract.ts'
import { PresenceDot } from './presence-dot.tsx'
import { PresenceProvider } from './presence-provider.tsx'
import { StatusMark } from './status-mark.tsx'
import { COLOURS } from './status-shapes.ts'

const STATUSES = ['online', 'away', 'dnd', 'offline', 'unknown'] as const

afterEach(cleanup)

test('every status has a shape of its own, and another one while it may be out of date', () => {
  const drawings = STATUSES.flatMap((status) => [drawn(status, false), drawn(status, true)])
  // Nobody knows less than nothing: unknown has one drawing.
  expect(new Set(drawings).size).toBe(9)
})

test('every colour stands out from a white and from a dark page, 3 to 1', () => {
  for (const colour of Object.values(COLOURS)) {
    expect(contrast(colour, '#ffffff')).toBeGreaterThan(3)
    expect(contrast(colour, '#1f1f1f')).toBeGreaterThan(3)
  }
})

test('a mark writes nothing that a strict content policy refuses', () => {
  const { container } = render(<StatusMark status="dnd" stale size={24} label="do not disturb" className="mine" />)
  expect(container.querySelector('[style], style')).toBeNull()
  expect(container.querySelector('svg')?.getAttribute('fill')).toMatch(/^var\(--porchlight-dnd, #/)
})

test('a dot says whose status it is and what it is, in the words of the page', () => {
  const { client, label } = page(<PresenceDot userId="marta" label="Marta" />)
  expect(label()).toBe('Marta: status unknown')
  act(() => client.say('marta', { status: 'online' }))
  expect(label()).toBe('Marta: da')
  act(() => client.say('marta', { stale: true }))
  expect(label()).toBe('Marta: da, may be out of date')
})

test('a dot beside words is decoration', () => {
  const { container } = page(<PresenceDot userId="marta" label={null} />)
  const mark = container.querySelector('svg')
  expect(mark?.getAttribute('aria-hidden')).toBe('true')
  expect(mark?.hasAttribute('role')).toBe(false)
})

test('a dot is drawn as the host likes', () => {
  const { client, container } = page(
    <PresenceDot userId="marta" label="Marta" render={({ status }, words) => <b title={words}>{status}</b>} />,
  )
  act(() => client.say('marta', { status: 'away' }))
  expect(container.innerHTML).toBe('<b title="Marta: away">away</b>')
})

function page(children: React.ReactNode) {
  const client = presenceClientDouble()
  const { container, getByRole } = render(
    <PresenceProvider client={client} words={{ online: 'da' }}>
      {children}
    </PresenceProvider>,
  )
  return { client, container, label: () => getByRole('img').getAttribute('aria-label') }
}

function drawn(status: Presence['status'], stale: boolean): string {
  const { container, unmount } = render(<StatusMark status={status} stale={stale} />)
  const shapes = Array.from(container.querySelectorAll('path'), (path) =>
    ['d', 'fill-opacity', 'stroke-dasharray'].map((name) => path.getAttribute(name)).join(' '),
  )
  unmount()
  return shapes.join('|')
}

/** WCAG 2.2 contrast of two colours. */
function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((left, right) => left - right)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
