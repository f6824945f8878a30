import { expect, test } from 'vitest'
import { presenceClientDouble } from '../../test/support/presence-client.ts'
import type { PresenceInfo } from '../domain/info.ts'
import { createMyPresence } from './my-presence.ts'

const HERE: PresenceInfo = { userId: 'marta', online_status: 'online', last_seen: null, show_status: true }

test('shows a choice at once, and the answer when it came', async () => {
  const { mine, client } = signedIn()
  const done = mine.setStatus({ status: 'dnd', message: ' Back at three ' })
  expect(mine.get()).toMatchObject({
    presence: { online_status: 'dnd', custom_message: 'Back at three' },
    pending: true,
  })
  await next(client)
  await client.asked[0]?.grant({ ...HERE, online_status: 'dnd', custom_message: 'Back at 3' })
  expect(await done).toBe(true)
  expect(mine.get()).toMatchObject({ presence: { custom_message: 'Back at 3' }, pending: false, error: null })
})

test('takes a refused choice back, with the reason', async () => {
  const { mine, client } = signedIn()
  const done = mine.setStatus({ status: 'away' })
  await next(client)
  await client.asked[0]?.refuse('STORE_UNAVAILABLE', 'It could not be stored.')
  expect(await done).toBe(false)
  expect(mine.get()).toEqual({
    presence: HERE,
    pending: false,
    error: { code: 'STORE_UNAVAILABLE', message: 'It could not be stored.', retryable: true, takenBack: true },
  })
})

test('R15 keeps a message that the choice leaves out, and clears it when it is empty', () => {
  const { mine, client } = signedIn()
  client.sayOwn({ ...HERE, custom_message: 'Hello' })
  void mine.setStatus({ status: 'away' })
  expect(mine.get().presence).toMatchObject({ online_status: 'away', custom_message: 'Hello' })
  void mine.setStatus({ status: 'away', message: '' })
  expect(mine.get().presence).not.toHaveProperty('custom_message')
})

test('an older wish never overrules a newer one, and reaches the server first', async () => {
  const { mine, client } = signedIn()
  const first = mine.setStatus({ status: 'away' })
  const second = mine.setStatus({ status: 'dnd' })
  await next(client)
  expect(client.asked.map(({ decision }) => decision)).toEqual([{ status: 'away' }])

  await client.asked[0]?.refuse('STORE_UNAVAILABLE', 'It could not be stored.')
  await first
  expect(mine.get()).toMatchObject({ presence: { online_status: 'dnd' }, pending: true, error: null })

  await next(client, 2)
  await client.asked[1]?.grant({ ...HERE, online_status: 'dnd' })
  expect(await second).toBe(true)
  expect(mine.get()).toMatchObject({ presence: { online_status: 'dnd' }, pending: false, error: null })
})

test('hiding does not wait for a choice that hangs, and each keeps its own end', async () => {
  const { mine, client } = signedIn()
  const choice = mine.setStatus({ status: 'dnd' })
  const hiding = mine.setVisible(false)
  await next(client, 2)
  client.sayOwn({ ...HERE, show_status: false })
  await client.asked[1]?.grant()
  expect(await hiding).toBe(true)
  expect(mine.get()).toMatchObject({ presence: { online_status: 'dnd', show_status: false }, pending: true })

  await client.asked[0]?.refuse('STORE_UNAVAILABLE', 'It could not be stored.')
  expect(await choice).toBe(false)
  expect(mine.get()).toMatchObject({ presence: { online_status: 'online', show_status: false }, pending: false })
})

test('shows the answer until there is news, whichever comes first', async () => {
  const { mine, client } = signedIn()
  const first = mine.setStatus({ status: 'online' })
  await next(client)
  await client.asked[0]?.grant(undefined, { ...HERE, online_status: 'away' })
  await first
  expect(mine.get()).toMatchObject({ presence: { online_status: 'away' }, pending: false })
  client.sayOwn({ ...HERE, online_status: 'online' })
  expect(mine.get().presence?.online_status).toBe('online')

  const second = mine.setStatus({ status: 'dnd' })
  await next(client, 2)
  client.sayOwn({ ...HERE, online_status: 'away', custom_message: 'From my phone' })
  await client.asked[1]?.grant(undefined, { ...HERE, online_status: 'dnd' })
  await second
  expect(mine.get().presence?.custom_message).toBe('From my phone')
})

test('an answer about a choice does not unhide', async () => {
  const { mine, client } = signedIn()
  const hiding = mine.setVisible(false)
  const choice = mine.setStatus({ status: 'dnd' })
  await next(client, 2)
  await client.asked[1]?.grant(undefined, { ...HERE, online_status: 'dnd' })
  await choice
  expect(mine.get().presence).toMatchObject({ online_status: 'dnd', show_status: false })
  await client.asked[0]?.grant()
  await hiding
  expect(mine.get().presence).toMatchObject({ online_status: 'dnd', show_status: false })
})

test('R32 hiding that is not stored yet is told, and not taken back', async () => {
  const { mine, client } = signedIn()
  const done = mine.setVisible(false)
  await next(client)
  await client.asked[0]?.refuse('NOT_DURABLE', 'You are hidden; storing it takes longer.')
  expect(await done).toBe(true)
  expect(mine.get()).toMatchObject({
    presence: { show_status: false },
    error: { code: 'NOT_DURABLE', takenBack: false },
  })
})

test('news from elsewhere shows through what is not being decided', async () => {
  const { mine, client } = signedIn()
  void mine.setStatus({ status: 'dnd' })
  client.sayOwn({ ...HERE, show_status: false })
  expect(mine.get().presence).toMatchObject({ online_status: 'dnd', show_status: false })
})

test('is the same object until something changed', () => {
  const { mine, client } = signedIn()
  expect(mine.get()).toBe(mine.get())
  const before = mine.get()
  client.sayOwn({ ...HERE, online_status: 'away' })
  expect(mine.get()).not.toBe(before)
})

test('what is no refusal is a mistake, and travels on', async () => {
  const client = presenceClientDouble()
  client.sayOwn(HERE)
  const mine = createMyPresence({ ...client.own, setStatus: () => Promise.reject(new TypeError('undefined is not')) })
  await expect(mine.setStatus({ status: 'dnd' })).rejects.toThrow(TypeError)
  expect(mine.get()).toMatchObject({ presence: HERE, pending: false, error: null })
})

function signedIn() {
  const client = presenceClientDouble()
  client.sayOwn(HERE)
  return { client, mine: createMyPresence(client.own) }
}

/** Waits until the store has asked this often. */
async function next(client: { readonly asked: readonly unknown[] }, count = 1): Promise<void> {
  for (let turn = 0; turn < 20 && client.asked.length < count; turn++) await Promise.resolve()
  expect(client.asked.length).toBe(count)
}
