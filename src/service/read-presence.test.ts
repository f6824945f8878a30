import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { PresenceError } from '../domain/errors.ts'
import { newRecord, presume, type UserRecord } from '../domain/user-record.ts'
import { createMemoryHotStore } from '../store/memory/memory-hot-store.ts'
import type { ServiceDeps } from './deps.ts'
import { readPresence, readPresences, watchUsers } from './read-presence.ts'

const T = 1_700_000_000_000

/** Somebody whom the store takes for present on PostgreSQL's word alone, as after it lost everything. */
function presumed(visible: boolean): UserRecord {
  const record = newRecord('cleo')
  const own = { ...record.own, status: 'online' as const, version: 2 }
  const visibility = { ...record.visibility, visible }
  const seen = visible ? own : record.stranger
  return presume({ ...record, own, visibility, contact: seen, stranger: seen }, T + 6_000)
}

async function depsWith(record: UserRecord): Promise<ServiceDeps> {
  const hot = createMemoryHotStore({ clock: () => T })
  await hot.warm(record)
  const cold = { forget: () => {}, load: async () => record, loadMany: async () => [record] }
  const broadcast = { latest: () => null, remember: () => {} }
  // Of a whole system only what a reading touches matters here.
  return { hot, cold, broadcast, shared: null, rollout: null, rules: {} } as unknown as ServiceDeps
}

describe('somebody who is taken for present', () => {
  test('R45 is shown as stale', async () => {
    const deps = await depsWith(presumed(true))
    expect(await readPresence(deps, 'cleo', 'ben')).toMatchObject({ online_status: 'online', stale: true })
  })

  test('R30 R31 looks like anybody who is not here when they hid, and stale to nobody but themself', async () => {
    const deps = await depsWith(presumed(false))
    const unseen = { userId: 'cleo', online_status: 'offline', last_seen: null, show_status: true }
    expect(await readPresence(deps, 'cleo', 'ben')).toEqual(unseen)
    expect((await readPresences(deps, ['cleo'], 'ben')).presences).toEqual([unseen])
    expect(await readPresence(deps, 'cleo', 'cleo')).toMatchObject({ online_status: 'online', stale: true })
  })
})

test('R53 a long watch list is read one statement after the other, none of them larger than anybody else has it', async () => {
  const deps = await depsWith(newRecord('cleo'))
  const sizes: number[] = []
  let most = 0
  let reading = 0
  const loadMany = async (userIds: readonly string[]): Promise<UserRecord[]> => {
    sizes.push(userIds.length)
    reading += 1
    most = Math.max(most, reading)
    await setImmediate()
    reading -= 1
    return userIds.map((userId) => newRecord(userId))
  }
  const told = { watch: () => [], hold: () => {}, release: () => {}, standing: () => undefined }
  const broadcast = { ...deps.broadcast, ...told } as unknown as ServiceDeps['broadcast']
  const users = Array.from({ length: 450 }, (_, n) => `user ${n}`)
  const cold = { ...deps.cold, loadMany }
  const { presences } = await watchUsers({ ...deps, broadcast, cold }, 'socket', 'ben', users, {})
  expect(presences.map(({ userId }) => userId)).toEqual(users)
  expect(sizes).toEqual([200, 200, 50])
  expect(most).toBe(1)
})

describe('while PostgreSQL does not answer', () => {
  const away = async () => {
    throw new PresenceError('STORE_UNAVAILABLE', 'away', { retryable: true })
  }
  /** Cleo, online, with Ana as a contact; the host says so. */
  async function outage(change: Partial<UserRecord>): Promise<ServiceDeps> {
    const record = newRecord('cleo')
    const own = { ...record.own, status: 'online' as const, version: 2 }
    const relations = { isContact: async (viewerId: string) => viewerId === 'ana', forget: () => {} }
    const deps = await depsWith({ ...record, own, contact: own, stranger: own, ...change })
    return { ...deps, relations, cold: { ...deps.cold, load: away, loadMany: away, forget: () => {} } }
  }
  const seenBy = async (deps: ServiceDeps, viewerId: string | null) => {
    const { presences } = await readPresences(deps, ['cleo'], viewerId)
    const one = await readPresence(deps, 'cleo', viewerId).catch((error: PresenceError) => error.code)
    // A list leaves out what one presence fails for.
    expect(presences).toEqual(typeof one === 'string' ? [] : [one])
    return typeof one === 'string' ? one : one.online_status
  }

  test('R50 everybody reads who is here from the live store', async () => {
    const deps = await outage({})
    for (const viewerId of ['ana', 'ben', null]) expect(await seenBy(deps, viewerId)).toBe('online')
  })

  test('R31 R36 contacts read who shows it to them, and nobody else learns that there is anything to read', async () => {
    const record = newRecord('cleo')
    const levels = { status: 'contacts', lastSeen: 'everyone', coarse: false } as const
    const deps = await outage({ visibility: { ...record.visibility, levels }, stranger: record.stranger })
    expect(await seenBy(deps, 'ana')).toBe('online')
    expect(await seenBy(deps, 'cleo')).toBe('online')
    for (const viewerId of ['ben', null]) expect(await seenBy(deps, viewerId)).toBe('STORE_UNAVAILABLE')
  })

  test('R31 R37 the blocked learn as little', async () => {
    const deps = await outage({ pairs: [{ viewerId: 'ana', blocked: true, version: 3, floor: 3 }] })
    expect(await seenBy(deps, 'ana')).toBe('STORE_UNAVAILABLE')
    expect(await seenBy(deps, 'ben')).toBe('online')
  })
})
