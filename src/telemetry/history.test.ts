import { expect, test } from 'vitest'
import { createHistory, quantile } from './history.ts'
import { createMetrics } from './metrics.ts'

function world(kept = 300) {
  const metrics = createMetrics()
  const scene = { now: 1_000_000, users: 0 }
  const history = createHistory({ metrics, users: () => scene.users, now: () => scene.now, kept })
  return { metrics, scene, history }
}

test('a sample tells what there is, and how much there was each second since the one before', async () => {
  const { metrics, scene, history } = world()
  metrics.transitions.inc({ to: 'online' }, 40)
  expect(await history.take()).toMatchObject({ transitionsPerS: 0, delayP50Ms: null, users: 0 })
  metrics.transitions.inc({ to: 'online' }, 6)
  metrics.transitions.inc({ to: 'away' }, 4)
  metrics.deliveries.inc(500)
  metrics.localSessions.set(7)
  metrics.projectionLag.set(0.25)
  for (let i = 0; i < 100; i += 1) metrics.changeDelay.observe(i < 98 ? 0.0009 : 0.2)
  scene.now += 2_000
  scene.users = 5
  expect(await history.take()).toEqual({
    at: 1_002_000,
    users: 5,
    sessions: 7,
    transitionsPerS: 5,
    deliveriesPerS: 250,
    delayP50Ms: expect.closeTo(0.51, 1),
    delayP99Ms: expect.closeTo(175, 0),
    projectionLagMs: 250,
  })
  scene.now += 2_000
  expect(await history.take()).toMatchObject({ transitionsPerS: 0, deliveriesPerS: 0, delayP99Ms: null, sessions: 7 })
})

test('the history is bounded, and gives out what is newer than what somebody has', async () => {
  const { scene, history } = world(3)
  for (let i = 0; i < 5; i += 1) {
    scene.now += 1_000
    await history.take()
  }
  expect(history.since(0).map(({ at }) => at)).toEqual([1_003_000, 1_004_000, 1_005_000])
  expect(history.since(1_004_000).map(({ at }) => at)).toEqual([1_005_000])
  expect(history.since(1_005_000)).toEqual([])
})

test('a quantile lies within its bucket, and never beyond the last bound', () => {
  const bounds = [
    [0.1, 10],
    [0.2, 20],
    [Number.POSITIVE_INFINITY, 40],
  ] as const
  expect([0.25, 0.375, 0.5].map((part) => quantile(bounds, part))).toEqual([100, expect.closeTo(150), 200])
  expect(quantile(bounds, 0.99)).toBe(200)
  expect(quantile([], 0.5)).toBeNull()
})
