import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { createMemoryDurableStore } from '../../src/store/memory/memory-durable-store.ts'
import { durableStoreContract } from './durable-store.ts'
import { hiddenRecord, NOW, offlineRecord, presentRecord, sessionOf } from './durable-store-people.ts'

durableStoreContract('memory', async (providers) => {
  const store = createMemoryDurableStore({ providers })
  for (const { id } of providers ?? []) store.addUser(id)
  return {
    store,
    addUser: async (columns = {}, id = randomUUID()) => {
      store.addUser(id, columns)
      return id
    },
    hostRow: async (userId) => store.hostColumns(userId),
    writeHostRow: async (userId, columns) => store.writeHostColumns(userId, columns),
    close: async () => {},
  }
})

test('a deleted user is gone with all that was stored of them', async () => {
  const store = createMemoryDurableStore()
  const user = randomUUID()
  store.addUser(user)
  const session = sessionOf(user)
  await store.saveSessions([session])
  store.deleteUser(user)
  expect(await store.load([user])).toEqual([])
  expect(await store.sessionDetails([session.sessionId])).toEqual(new Map())
  expect(store.hostColumns(user)).toBeNull()
})

test('R30 a filter finds users by what strangers may know, and nobody whose hiding is on its way', async () => {
  const store = createMemoryDurableStore()
  const [present, away, hidden, never] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  for (const user of [present, away, hidden, never]) store.addUser(user)
  await store.project([presentRecord(present), offlineRecord(away, NOW * 1000), hiddenRecord(hidden)])
  const all = { statuses: null, seenSince: null, activeSince: null }
  expect(store.usersWho({ ...all, statuses: ['dnd'] }, [])).toEqual([present])
  expect(store.usersWho({ ...all, statuses: ['offline'] }, [])).toEqual([away, hidden, never])
  expect(store.usersWho({ ...all, seenSince: NOW }, [])).toEqual([present, away])
  expect(store.usersWho({ ...all, statuses: ['dnd'] }, [present])).toEqual([])
})
