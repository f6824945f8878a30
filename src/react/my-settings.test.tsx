// @vitest-environment jsdom
import { act, renderHook } from '@testing-library/react'
import type { ReactNode } from 'react'
import { expect, test } from 'vitest'
import { presenceClientDouble } from '../../test/support/presence-client.ts'
import { PresenceProvider } from './presence-provider.tsx'
import { useMySettings } from './use-my-settings.ts'

const OPEN = {
  show_online_status: true,
  status_audience: 'everyone',
  last_seen_audience: 'everyone',
  coarse_last_seen: false,
} as const

async function shown() {
  const client = presenceClientDouble()
  client.sayOwn({ userId: 'marta', online_status: 'online', last_seen: null, show_status: true })
  const wrapper = ({ children }: { readonly children: ReactNode }) => (
    <PresenceProvider client={client}>{children}</PresenceProvider>
  )
  const hook = renderHook(useMySettings, { wrapper })
  expect(hook.result.current.settings).toBeNull()
  await act(async () => {})
  return { client, hook }
}

test('R36 a change of settings is shown at once, and stays when the server takes it', async () => {
  const { client, hook } = await shown()
  expect(hook.result.current.settings).toEqual(OPEN)
  let holds: Promise<boolean> | undefined
  await act(async () => {
    holds = hook.result.current.change({ status_audience: 'contacts' })
  })
  expect(hook.result.current.settings).toEqual({ ...OPEN, status_audience: 'contacts' })
  await act(async () => client.asked[0]?.grant())
  expect(await holds).toBe(true)
  expect(hook.result.current).toMatchObject({ settings: { status_audience: 'contacts' }, error: null })
})

test.each([
  ['STORE_UNAVAILABLE', 'everyone', false],
  // It is in force although it is not stored yet.
  ['NOT_DURABLE', 'nobody', true],
] as const)('R32 R36 a change refused as %s shows what holds, with the reason', async (code, level, expected) => {
  const { client, hook } = await shown()
  let holds: Promise<boolean> | undefined
  await act(async () => {
    holds = hook.result.current.change({ last_seen_audience: 'nobody' })
  })
  await act(async () => client.asked[0]?.refuse(code, 'Not now.'))
  expect(await holds).toBe(expected)
  expect(hook.result.current).toMatchObject({
    settings: { last_seen_audience: level },
    error: { code, takenBack: !expected },
  })
})
