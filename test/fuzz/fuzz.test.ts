import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { fuzz, LONGEST_PAUSE_MS } from './fuzz.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase({ marketplace: true })
})
afterAll(() => database.drop())

/** A machine that is busy with other things is no reason to fail: a few seconds each, when it is not. */
const LONGEST_MS = 180_000

test(
  'R52 garbage on every route, event and byte crashes nothing, stops nothing, leaks nothing and waits for no answer',
  async () => {
    const report = await fuzz({ databaseUrl: database.url, inputs: 1_500, seed: 1 })
    expect(report.finding).toBeNull()
    expect(report.longestOwnPauseMs).toBeLessThan(LONGEST_PAUSE_MS)
    expect(Object.keys(report.kinds).length).toBe(6)
    // Some of it is good enough to be taken: what is refused at the first look reaches nothing behind it.
    for (const outcome of ['HTTP 200', 'HTTP 400', 'HTTP 404', 'acknowledged', 'refused INVALID_PAYLOAD']) {
      expect(report.outcomes[outcome], outcome).toBeGreaterThan(10)
    }
  },
  LONGEST_MS,
)

test(
  'R53 where limits hold, a flood of garbage is refused, and whoever comes from elsewhere is served',
  async () => {
    const env = {
      PRESENCE_RATE_LIMIT: 'on',
      PRESENCE_ADDRESS_REQUESTS_PER_SECOND: '1',
      PRESENCE_ADDRESS_REQUESTS_BURST: '20',
      TRUST_PROXY: 'loopback',
    }
    const report = await fuzz({ databaseUrl: database.url, env, inputs: 300, seed: 2 })
    expect(report.finding).toBeNull()
    expect(report.outcomes['HTTP 429']).toBeGreaterThan(10)
  },
  LONGEST_MS,
)
