import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ServiceDeps } from '../../service/deps.ts'
import type { Loop } from './loop.ts'
import { startRetentionJob } from './retention-job.ts'

const DAYS = { retentionDays: 30, deletionDays: 90 }
const MINUTE_MS = 60_000
const PART_MS = 100

let jobs: Loop[] = []

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(async () => {
  await Promise.all(jobs.map((job) => job.stop()))
  jobs = []
  vi.useRealTimers()
})

/** Nodes on one database with so many old sessions, and what they do. */
function startNodes(count: number, old: { shortened: number; deleted: number }) {
  const parts: { node: number; at: number }[] = []
  const lines: { node: number; fields: object; text: string }[] = []
  const counted = { shortened: 0, deleted: 0 }
  let heldUntil = 0
  const claim = async (_task: string, ms: number) => {
    if (Date.now() < heldUntil) return false
    heldUntil = Date.now() + ms
    return true
  }
  const take = async (what: 'shortened' | 'deleted', limit: number) => {
    await new Promise((resolve) => setTimeout(resolve, PART_MS / 2))
    const taken = Math.min(limit, old[what])
    old[what] -= taken
    return taken
  }
  for (let node = 0; node < count; node += 1) {
    const durable = {
      deleteSessions: (_before: number, limit: number) => {
        parts.push({ node, at: performance.now() })
        return take('deleted', limit)
      },
      shortenSessions: (_before: number, limit: number) => take('shortened', limit),
    }
    const info = (fields: object, text: string) => void lines.push({ node, fields, text })
    const log = { debug: () => {}, info, warn: () => {}, error: () => {} }
    const inc = ({ what }: { what: 'shortened' | 'deleted' }, n: number) => void (counted[what] += n)
    const shared = count === 1 ? null : { claim }
    const deps = { durable, hot: { now: Date.now }, shared, metrics: { retained: { inc } }, log }
    jobs.push(startRetentionJob(deps as unknown as ServiceDeps, DAYS))
  }
  return { parts, lines, counted }
}

test('R35 one of many nodes does it all, and says in a metric and a line of the log what it did', async () => {
  const { parts, lines, counted } = startNodes(5, { shortened: 2_500, deleted: 1_200 })
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS)
  expect(new Set(parts.map(({ node }) => node)).size).toBe(1)
  expect(counted).toEqual({ shortened: 2_500, deleted: 1_200 })
  const text = 'what was kept of old sessions was shortened or deleted'
  expect(lines).toEqual([{ node: parts[0]?.node, fields: { shortened: 2_500, deleted: 1_200 }, text }])
})

test('R35 parts of a thousand take a fifth of the time at most', async () => {
  const { parts } = startNodes(1, { shortened: 4_000, deleted: 3_000 })
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS)
  const gaps = parts.slice(1).map(({ at }, n) => at - (parts[n]?.at ?? 0))
  // Three parts that delete, and then those that shorten as well.
  expect(gaps.slice(0, 3)).toEqual([250, 250, 250])
  expect(gaps.slice(3, 6)).toEqual([500, 500, 500])
})

test('looks once an hour, by whichever node, and says nothing of nothing', async () => {
  const { parts, lines } = startNodes(3, { shortened: 0, deleted: 0 })
  await vi.advanceTimersByTimeAsync(3 * 60 * MINUTE_MS)
  expect(parts).toHaveLength(3)
  expect(lines).toEqual([])
})
