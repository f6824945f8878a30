import { randomUUID } from 'node:crypto'
import { afterEach, expect, test, vi } from 'vitest'
import { shortName } from '../../src/domain/short-name.ts'
import { startTestPresence, type TestPresence } from '../../src/testing/index.ts'

let world: TestPresence | undefined
afterEach(() => world?.stop())

const [HIDES, LEAVES, NEVER] = [randomUUID(), randomUUID(), randomUUID()].toSorted().toReversed()

async function start(onPurge?: (keys: readonly string[]) => unknown): Promise<TestPresence> {
  const ids = [HIDES, LEAVES, NEVER].map(String)
  const providers = ids.map((id) => ({ id, name: 'The same', city_id: 5, service_ids: [2] }))
  world = await startTestPresence({ providers, ...(onPurge && { onPurge }) })
  return world
}

const search = async ({ url }: TestPresence, query = '') => {
  const answer = await fetch(`${url}/api/providers?${query}`)
  return { keys: answer.headers.get('surrogate-key'), tag: answer.headers.get('etag'), text: await answer.text() }
}

const hide = ({ url }: TestPresence, userId: string | undefined, visible = false) =>
  fetch(`${url}/api/users/presence/settings`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${userId}`, 'content-type': 'application/json' },
    body: JSON.stringify({ show_online_status: visible }),
  })

test('R32 whoever hides has caches purged of what names them, by keys that the answers carried', async () => {
  const purged: (readonly string[])[] = []
  const presence = await start((keys) => purged.push(keys))
  const phone = await presence.connect(String(HIDES))
  const before = [await search(presence), await search(presence, 'city_id=5'), await search(presence, 'limit=1')]
  expect((await hide(presence, HIDES)).status).toBe(200)
  await vi.waitFor(() => expect(purged).toHaveLength(1))
  for (const { keys } of before) expect(purged[0]?.some((key) => keys?.split(' ').includes(key))).toBe(true)
  // Neither showing oneself again nor leaving is worth a purge: a cache may be that old.
  await hide(presence, HIDES, true)
  await phone.leave()
  expect(purged).toHaveLength(1)
})

test('R30 R31 keys and tags are those of people who were never here', async () => {
  const presence = await start()
  const never = await search(presence, 'city_id=5')
  await presence.connect(String(HIDES))
  const online = await search(presence, 'city_id=5')
  expect(online.tag).not.toBe(never.tag)
  await hide(presence, HIDES)
  const hidden = await search(presence, 'city_id=5')
  const names = [HIDES, LEAVES, NEVER].map((id) => `provider-${shortName(String(id))}`)
  for (const { keys } of [never, hidden]) {
    expect(keys?.split(' ')).toEqual(['providers', 'city-5', 'service-all', ...names])
  }
  // Of the answer itself only the time of the last change is another.
  const without = ({ text }: { text: string }) => text.replace(/"as_of":[^,]*/, '')
  expect(without(hidden)).toBe(without(never))
  // Whatever they do unseen moves nothing.
  await presence.clock.advance(400_000)
  await hide(presence, HIDES)
  expect(await search(presence, 'city_id=5')).toEqual(hidden)
})

test('R52 a hook that throws or hangs refuses nobody', async () => {
  for (const onPurge of [
    () => {
      throw new Error('broken')
    },
    () => new Promise(() => {}),
  ]) {
    const presence = await start(onPurge)
    expect((await hide(presence, HIDES)).status).toBe(200)
    expect((await presence.presenceOf(String(HIDES))).online_status).toBe('offline')
    await presence.stop()
  }
})
