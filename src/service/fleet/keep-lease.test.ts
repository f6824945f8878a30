import { describe, expect, test, vi } from 'vitest'
import { connect } from '../../domain/steps.ts'
import { newRecord } from '../../domain/user-record.ts'
import type { SharedHotStore } from '../../store/contract.ts'
import { createMemoryDurableStore } from '../../store/memory/memory-durable-store.ts'
import { createMemoryHotStore } from '../../store/memory/memory-hot-store.ts'
import { createMetrics } from '../../telemetry/metrics.ts'
import type { ServiceDeps } from '../deps.ts'
import { createLocalSessions, type LocalSession } from '../local-sessions.ts'
import { createSessionLog, sessionRow } from '../session-log.ts'
import { keepLease } from './keep-lease.ts'

const NOW = 1_700_000_000_000
const RULES = {
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  idleAfterMs: 300_000,
  activityFlushMs: 300_000,
  maxSessionsPerUser: 3,
}
const ADA = '0b6f1c1e-1111-4c11-8a11-0123456789ab'
const HELD: LocalSession = {
  handle: 's1',
  sessionId: 's1',
  formerIds: [],
  userId: ADA,
  socketId: 'socket',
  deviceId: null,
  deviceType: 'web',
  ipAddress: '203.0.113.7',
  userAgent: 'a browser',
  connectedAt: NOW,
  lastActivityAt: NOW,
  goodbye: null,
  arrival: null,
}

/** A node with one connection, whose lease is gone, and which gets another one when `join` lets it. */
async function pausedNode(join: () => Promise<void>) {
  const names = { now: 'node' }
  const hot = createMemoryHotStore({ clock: () => NOW + 30_000, nodeId: 'node' })
  const shared = Object.assign(hot, {
    nodeId: () => names.now,
    isOwnNode: (name: string) => name.startsWith('node'),
    renewLease: async () => false,
    join: async () => {
      await join()
      names.now += ' again'
    },
  }) as unknown as SharedHotStore
  const durable = createMemoryDurableStore()
  durable.addUser(ADA)
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const local = createLocalSessions()
  const sessionLog = createSessionLog(durable, log)
  const held = { ...HELD }
  local.add(held)
  const session = { ...held, nodeId: 'node', lost: null }
  await hot.change(ADA, (record, now) => connect(record, session, now, RULES), newRecord(ADA))
  sessionLog.note(sessionRow(held, NOW, true))
  await sessionLog.flush()
  const deps = {
    hot,
    shared,
    durable,
    local,
    sessionLog,
    log,
    metrics: createMetrics(),
    rules: RULES,
    backlog: { unstated: new Set(), doubts: new Set(), recovery: null },
    pendingDecisions: { applyTo: (record: unknown) => record },
    rollout: null,
    broadcast: { remove: vi.fn(), signOut: vi.fn() },
  } as unknown as ServiceDeps
  const stored = async () => (await hot.read([ADA])).get(ADA)?.sessions.map(({ sessionId }) => sessionId) ?? []
  const activeRows = async () => {
    await sessionLog.flush()
    return (await durable.activeSessions(null, 10)).map(({ sessionId }) => sessionId)
  }
  return { deps, held, stored, activeRows }
}

describe('a node whose lease ran out while its connections stood', () => {
  test('R23 writes no row of a session that the store does not have yet: it would be ended as nobody’s', async () => {
    let letJoin = (): void => {}
    const { deps, held, stored, activeRows } = await pausedNode(() => new Promise((resolve) => (letJoin = resolve)))
    const kept = keepLease(deps)
    await vi.waitFor(() => expect(held.sessionId).not.toBe('s1'))
    expect(await activeRows()).toEqual([])
    letJoin()
    await kept
    expect(await stored()).toEqual([held.sessionId])
    expect(await activeRows()).toEqual([held.sessionId])
    expect(held.formerIds).toEqual([])
  })

  test('R2 R5 remembers each name of a session until the store has taken one', async () => {
    const join = vi.fn<() => Promise<void>>()
    join.mockRejectedValueOnce(new Error('the store is away')).mockResolvedValue()
    const { deps, held, stored, activeRows } = await pausedNode(join)
    await expect(keepLease(deps)).rejects.toThrow('the store is away')
    const second = held.sessionId
    expect(held.formerIds).toEqual(['s1'])
    await keepLease(deps)
    expect(await stored()).toEqual([held.sessionId])
    expect(await activeRows()).toEqual([held.sessionId])
    expect(held.sessionId).not.toBe(second)
  })
})
