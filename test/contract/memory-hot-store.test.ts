import { expect, test } from 'vitest'
import { connect, end } from '../../src/domain/steps.ts'
import { newRecord } from '../../src/domain/user-record.ts'
import { createMemoryHotStore } from '../../src/store/memory/memory-hot-store.ts'
import { hotStoreContract } from './hot-store.ts'

hotStoreContract('memory', async () => {
  let now = 1_800_000_000_000
  const store = createMemoryHotStore({ clock: () => now })
  return {
    store,
    advance: (ms) => {
      now += ms
    },
    close: () => store.close(),
  }
})

test('R7 memory forgets only what PostgreSQL has, the longest untouched first', async () => {
  const rules = { graceMs: 0, mobileGraceMs: 0, idleAfterMs: 1_000, activityFlushMs: 1_000, maxSessionsPerUser: 5 }
  const store = createMemoryHotStore({ clock: () => 1_800_000_000_000, maxResting: 1 })
  const visit = async (userId: string) => {
    await store.warm(newRecord(userId))
    const session = { sessionId: userId, nodeId: 'n', socketId: userId, deviceId: null, deviceType: 'web' as const }
    const times = { connectedAt: 0, lastActivityAt: 0, lost: null }
    await store.change(userId, (record, now) => connect(record, { ...session, ...times }, now, rules))
    await store.change(userId, (record, now) => end(record, new Set([userId]), now, rules))
  }
  await visit('alice')
  await visit('bob')
  await visit('carol')
  expect([...(await store.read(['alice', 'bob', 'carol'])).keys()]).toEqual(['alice', 'bob', 'carol'])
  await store.markProjected(await store.unprojected(10))
  expect([...(await store.read(['alice', 'bob', 'carol'])).keys()]).toEqual(['carol'])
})
