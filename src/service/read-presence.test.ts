import { describe, expect, test } from 'vitest'
import { newRecord, presume, type UserRecord } from '../domain/user-record.ts'
import { createMemoryHotStore } from '../store/memory/memory-hot-store.ts'
import type { ServiceDeps } from './deps.ts'
import { readPresence, readPresences } from './read-presence.ts'

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
  return { hot, cold, broadcast, shared: null, rules: {} } as unknown as ServiceDeps
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
