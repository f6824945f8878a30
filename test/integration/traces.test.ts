import { randomUUID } from 'node:crypto'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { createTraces } from '../../src/telemetry/traces.ts'
import { eventually, type Marketplace, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

type Span = ReturnType<InMemorySpanExporter['getFinishedSpans']>[number]

const exporter = new InMemorySpanExporter()
let database: TestDatabase
let a: Marketplace
let b: Marketplace

beforeAll(async () => {
  database = await createTestDatabase({ marketplace: true })
  const env = { REDIS_URL: inject('redisUrl'), PRESENCE_REDIS_PREFIX: `test-${randomUUID()}` }
  const world = { database, clock: Date.now }
  a = await startMarketplace(env, world)
  b = await startMarketplace(env, world)
})
afterAll(async () => {
  await Promise.all([a, b].map((node) => node.stop()))
  await database.drop()
})

const named = (name: string): Span[] => exporter.getFinishedSpans().filter((span) => span.name === name)

// First: a tracer that found an SDK keeps it.
test('without an SDK nothing is recorded, and news carry no trace', async () => {
  const [ada, viewer] = [await a.person('provider', 3), await b.person('client', 3)]
  const watcher = await b.connect(viewer)
  await watcher.ask('watch', { users: [ada.id] })
  await a.connect(ada)
  await watcher.hears('userOnline', { userId: ada.id })
  // Nothing is under way that another node could continue.
  expect(createTraces().parent()).toBeUndefined()
  expect(exporter.getFinishedSpans()).toEqual([])
})

describe('with an SDK in the process', () => {
  beforeAll(() => new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register())
  beforeEach(() => exporter.reset())
  afterAll(() => {
    trace.disable()
    context.disable()
    propagation.disable()
  })

  test('a decision is one trace from the event to the other node that tells of it', async () => {
    const [ada, viewer] = [await a.person('provider'), await b.person('client')]
    const phone = await a.connect(ada)
    const watcher = await b.connect(viewer)
    await watcher.ask('watch', { users: [ada.id] })
    exporter.reset()
    expect(await phone.ask('setStatus', { status: 'dnd', message: 'on a roof' })).toMatchObject({ ok: true })
    await watcher.hears('presenceUpdate', { userId: ada.id, status: 'dnd' })
    const [heard] = await eventually(
      async () => named('porchlight.hear'),
      (spans) => spans.length > 0,
    )
    const [decided] = named('porchlight.chooseStatus')
    const { traceId } = decided?.spanContext() ?? {}
    expect(traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(heard?.spanContext().traceId).toBe(traceId)
    const calls = exporter
      .getFinishedSpans()
      .filter((span) => span.kind === SpanKind.CLIENT && span.spanContext().traceId === traceId)
    expect(new Set(calls.map(({ attributes }) => attributes['db.system.name']))).toEqual(
      new Set(['postgresql', 'redis']),
    )
    // What the other node does is part of the call that made it known.
    const within = new Set([decided, ...calls].map((span) => span?.spanContext().spanId))
    expect(within).toContain(heard?.parentSpanContext?.spanId)
  })

  test('R35 nothing in it tells whom it is about', async () => {
    const [ada, viewer] = [await a.person('provider', 1), await b.person('client', 1)]
    const phone = await a.connect(ada)
    const watcher = await b.connect(viewer)
    await watcher.ask('watch', { users: [ada.id] })
    await phone.ask('setStatus', { status: 'away', message: 'at the dentist' })
    await watcher.hears('presenceUpdate', { userId: ada.id, status: 'away' })
    await a.http(`/api/users/presence/${ada.id}`, { as: viewer })
    const spans = exporter.getFinishedSpans()
    expect(spans.length).toBeGreaterThan(5)
    const told = JSON.stringify(
      spans
        .filter(({ name }) => name.startsWith('porchlight.'))
        .map(({ name, attributes, events, status }) => [name, attributes, events, status]),
    )
    for (const secret of [ada.id, viewer.id, 'dentist', '127.0.0.1']) expect(told).not.toContain(secret)
  })

  test('a failure is one of its span, by its code', async () => {
    const ada = await a.person('provider', 2)
    const { status } = await a.http(`/api/users/presence/${randomUUID()}`, { as: ada })
    expect(status).toBe(404)
    const [failed] = named('porchlight.readPresence')
    expect(failed?.status.code).toBe(SpanStatusCode.ERROR)
    expect(failed?.attributes['error.type']).toBe('USER_NOT_FOUND')
  })
})
