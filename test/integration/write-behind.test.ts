import { randomUUID } from 'node:crypto'
import { QueryTypes } from 'sequelize'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seedMember } from '../../demo/server/seed-people.ts'
import { uuidIds } from '../../src/domain/user-id.ts'
import { createPendingDecisions } from '../../src/service/pending-decisions.ts'
import { createSessionLog } from '../../src/service/session-log.ts'
import type { DurableStore } from '../../src/store/contract.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { migratePresence } from '../../src/store/postgres/migrate.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { VISIBLE } from '../../src/domain/visibility.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const users = { usersTable: 'users', idColumn: 'id', userId: uuidIds }
const user = seedMember('client', 0).id

let database: TestDatabase
let durable: DurableStore

beforeEach(async () => {
  database = await createTestDatabase({ marketplace: true })
  const { sequelize } = database
  await migratePresence({ sequelize, ...users })
  durable = createDurableStore({ sequelize, ...users, nodeId: 'node', directory: null })
})
afterEach(() => database.drop())

test('R52 a session that PostgreSQL refuses holds up no other', async () => {
  const log = createSessionLog(durable, createLogger('silent'))
  const row = (userAgent: string) => ({
    sessionId: randomUUID(),
    userId: user,
    socketId: 'socket',
    deviceType: 'web' as const,
    ipAddress: null,
    userAgent,
    connectedAt: 1_800_000_000_000,
    lastPing: 1_800_000_000_000,
    isActive: true,
  })
  for (const userAgent of ['first', 'not\0text', 'last']) log.note(row(userAgent))
  await log.flush()
  const stored = await database.sequelize.query('select user_agent from user_sessions order by user_agent', {
    type: QueryTypes.SELECT,
  })
  expect(stored).toEqual([{ user_agent: 'first' }, { user_agent: 'last' }])
})

test('R32 a hiding of somebody who was deleted meanwhile is let go, and the others are stored', async () => {
  const pending = createPendingDecisions(durable)
  const visibility = { ...VISIBLE, visible: false, version: 5 }
  const hide = (userId: string) => ({ kind: 'visibility' as const, userId, visibility })
  pending.add(hide(randomUUID()))
  pending.add(hide(user))
  await pending.retry()
  expect(pending.users()).toEqual([])
  expect((await durable.load([user]))[0]?.visibility.visible).toBe(false)
})
