import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NO_CHOICE } from '../../src/domain/presence.ts'
import type { DurableStore, SessionRow } from '../../src/store/contract.ts'
import { NOW, presentRecord, saveDecided, sessionOf } from '../contract/durable-store-people.ts'
import { type Reach, SHARDS, type ShardedPostgres, shardPostgres, type Statement } from '../support/sharded-postgres.ts'

const ALL = Array.from({ length: SHARDS }, (_, n) => n)

let sharded: ShardedPostgres

beforeAll(async () => {
  sharded = await shardPostgres()
})
afterAll(() => sharded.drop())

const version = NOW * 1_000
const choice = { ...NO_CHOICE, message: 'On a roof', version }
const rowsOf = (userIds: readonly string[]): SessionRow[] => userIds.map((userId) => sessionOf(userId))
/** Whoever runs the session log over partitions has to name their key; then it is the same statement. */
const byPartitionKey = ({ sql, bind }: Statement): Statement => ({
  sql: sql.replace('on conflict (id)', 'on conflict (user_id, id)'),
  bind,
})

type Verb = (store: DurableStore, userIds: readonly string[]) => Promise<unknown>

const load: Verb = (store, userIds) => store.load(userIds)
const project: Verb = (store, userIds) => store.project(userIds.map((userId) => presentRecord(userId)))
const choose: Verb = (store, [userId = '']) => store.saveDecision({ kind: 'choice', userId, choice })
const hide: Verb = (store, [userId = '']) => saveDecided(store, userId, false, version, null)
/** Fails as long as its key is not that of the partitions (below): what counts here is the statement. */
const saveSessions: Verb = (store, userIds) => store.saveSessions(rowsOf(userIds)).catch(() => {})

/** Some users of these partitions, equally many of each. */
const someOf = (partitions: readonly number[], count: number): string[] =>
  partitions.flatMap((n) => sharded.usersIn[n]?.slice(0, count / partitions.length) ?? [])

async function reachOf(verb: Verb, userIds: readonly string[]): Promise<Reach> {
  const statements = await sharded.statementsOf((store) => verb(store, userIds))
  expect(statements).toHaveLength(1)
  return sharded.reachOf(byPartitionKey(statements[0] ?? { sql: '', bind: [] }))
}

/** Every partition of any table. */
const partitionsIn = (reach: Reach['read']): number[] => [...new Set(Object.values(reach).flat())].sort((a, b) => a - b)

describe('users, presence and sessions as hash partitions by user id', () => {
  test('hold users in every partition, or nothing below would say anything', () => {
    for (const users of sharded.usersIn) expect(users.length).toBeGreaterThan(4_000)
  })

  test.each<[string, Verb]>([
    ['load', load],
    ['project', project],
    ['saveDecision of a choice', choose],
    ['saveDecision to hide', hide],
    ['saveSessions, its key named', saveSessions],
  ])('%s of one user reads one partition', async (_name, verb) => {
    for (const n of [0, 3, 7]) expect(partitionsIn((await reachOf(verb, someOf([n], 1))).read)).toEqual([n])
  })

  test.each<[string, Verb]>([
    ['load', load],
    ['project', project],
    ['saveSessions, its key named', saveSessions],
  ])('%s of a batch reads the partitions of its users and no other', async (_name, verb) => {
    expect(partitionsIn((await reachOf(verb, someOf([2, 5], 8))).read)).toEqual([2, 5])
    expect(partitionsIn((await reachOf(verb, someOf(ALL, 8))).read)).toEqual(ALL)
  })

  test('rows go to the partitions of their users', async () => {
    expect((await reachOf(saveSessions, someOf([1], 5))).written['user_sessions']).toEqual([1])
  })

  // Honest limits, each named in docs/scaling.md.
  test('saveSessions as it is cannot run: a unique key of partitions has the user in it', async () => {
    await expect(sharded.store.saveSessions(rowsOf(someOf([1], 1)))).rejects.toThrow(/ON CONFLICT specification/)
  })

  test.each<[string, Verb]>([
    ['sessionDetails', (store, ids) => store.sessionDetails(ids)],
    ['endSessions', (store, ids) => store.endSessions(ids)],
  ])('%s asks by session id alone, and so asks every partition', async (_name, verb) => {
    const ids = rowsOf(someOf([1], 1)).map(({ sessionId }) => sessionId)
    expect((await reachOf(verb, ids)).read['user_sessions']).toEqual(ALL)
  })

  test('an update names every partition it might write before it knows which ones it will', async () => {
    const { read, written } = await reachOf(project, someOf([2], 1))
    for (const table of ['users', 'porchlight_presence']) {
      expect(read[table]).toEqual([2])
      expect(written[table]).toEqual(ALL)
    }
  })

  test('a batch that is large for the table reads all partitions: PostgreSQL prefers one pass to many searches', async () => {
    const { read } = await reachOf(project, someOf([2, 5], 2_000))
    expect(read['users']).toEqual(ALL)
  })
})
