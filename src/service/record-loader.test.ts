import { expect, test, vi } from 'vitest'
import { newRecord, type UserRecord } from '../domain/user-record.ts'
import type { RecordChange } from '../store/contract.ts'
import { createRecordLoader } from './record-loader.ts'

const FLOOR = 1_000
const HOT = { now: () => 5_000, versionFloor: () => FLOOR }

/** A table of users, and a hot store that can say that one of them changed. */
function stage() {
  const listeners = new Set<(change: RecordChange) => void>()
  const known = new Set(['ana', 'ben', 'carla'])
  const stored = new Map<string, UserRecord>()
  const load = vi.fn(async (userIds: readonly string[]) =>
    userIds.filter((id) => known.has(id)).map((id) => stored.get(id) ?? newRecord(id)),
  )
  const onChange = (listener: (change: RecordChange) => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const loader = createRecordLoader({ durable: { load }, hot: { ...HOT, onChange }, presumeMs: null })
  const store = (record: UserRecord) => stored.set(record.userId, record)
  const change = (userId: string, visible = true) => {
    const unchanged = newRecord(userId)
    const record = { ...unchanged, visibility: { ...unchanged.visibility, visible } }
    for (const listener of listeners) listener({ before: record, after: record, ended: [], at: 0 })
  }
  const asked = () => load.mock.calls.map(([userIds]) => userIds)
  return { loader, known, store, change, asked }
}

const namesOf = (records: readonly UserRecord[]): string[] => records.map(({ userId }) => userId)

test('asks once for all who ask at the same time, and leaves out whom nobody knows', async () => {
  const { loader, asked } = stage()
  const lists = await Promise.all([
    loader.loadMany(['ana', 'ben']),
    loader.loadMany(['ben', 'nobody']),
    loader.load('carla'),
  ])
  expect(asked()).toEqual([['ana', 'ben', 'nobody', 'carla']])
  expect(namesOf(lists[0])).toEqual(['ana', 'ben'])
  expect(namesOf(lists[1])).toEqual(['ben'])
})

test('remembers whom it read until they change, and never that somebody is unknown', async () => {
  const { loader, known, change, asked } = stage()
  await loader.loadMany(['ana', 'dora'])
  known.add('dora')
  expect(namesOf(await loader.loadMany(['ana', 'dora']))).toEqual(['ana', 'dora'])
  change('ana')
  await loader.loadMany(['ana', 'dora'])
  expect(asked()).toEqual([['ana', 'dora'], ['dora'], ['ana']])
})

test('R31 what somebody hidden does ends no memory, and what is read for themself begins none', async () => {
  const { loader, change, asked } = stage()
  await loader.loadMany(['ana'])
  change('ana', false)
  await loader.loadMany(['ana'])
  expect(asked()).toEqual([['ana']])
  await loader.load('ben')
  await loader.loadMany(['ben'])
  expect(asked()).toEqual([['ana'], ['ben'], ['ben']])
})

test('R31 whoever tells some more than others is not remembered, and the blocked are not answered from what others remember', async () => {
  const { loader, store, asked } = stage()
  const ana = newRecord('ana')
  store({
    ...ana,
    visibility: { ...ana.visibility, levels: { status: 'contacts', lastSeen: 'everyone', coarse: false } },
  })
  store({ ...newRecord('ben'), pairs: [{ viewerId: 'dora', blocked: true, version: 1, floor: 1 }] })
  await loader.loadMany(['ana', 'ben'], 'carla')
  await loader.loadMany(['ana', 'ben'], 'carla')
  expect(asked()).toEqual([['ana', 'ben'], ['ana']])
  await loader.loadMany(['ben'], 'dora')
  await loader.loadMany(['ben'], 'dora')
  expect(asked().slice(2)).toEqual([['ben'], ['ben']])
})

test('reads anew what becomes the start of a live record', async () => {
  const { loader, asked } = stage()
  await loader.loadMany(['ana'])
  await loader.load('ana')
  expect(asked()).toEqual([['ana'], ['ana']])
})

test('R7 raises versions above all that an earlier run can have told', async () => {
  const { loader } = stage()
  expect(await loader.load('ana')).toMatchObject({
    version: FLOOR,
    own: { version: FLOOR },
    stranger: { version: FLOOR },
  })
})

test('tries again after a failure', async () => {
  const failing = createRecordLoader({
    durable: {
      load: vi
        .fn()
        .mockRejectedValueOnce(new Error('away'))
        .mockResolvedValue([newRecord('ana')]),
    },
    hot: { ...HOT, onChange: () => () => {} },
    presumeMs: null,
  })
  await expect(failing.loadMany(['ana'])).rejects.toThrow('away')
  expect(namesOf(await failing.loadMany(['ana']))).toEqual(['ana'])
})
