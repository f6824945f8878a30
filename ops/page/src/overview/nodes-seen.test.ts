import { expect, test } from 'vitest'
import type { OperatorOverview, OperatorSample } from '../../../../src/protocol/index.ts'
import { knownUpTo, takeIn } from './nodes-seen.ts'

const NOON = Date.UTC(2026, 4, 1, 12)
const iso = (s: number): string => new Date(NOON + s * 1_000).toISOString()

const sample = (s: number): OperatorSample => ({
  at: iso(s),
  users: s,
  sessions: s,
  transitions_per_s: 0,
  deliveries_per_s: 0,
  delay_p50_ms: null,
  delay_p99_ms: null,
  projection_lag_ms: 0,
})

const answer = (node: string, s: number, samples: readonly number[]): OperatorOverview => ({
  node_id: node,
  at: iso(s),
  sample_every_ms: 2_000,
  is_shared: true,
  samples: samples.map(sample),
  nodes: [],
  degraded: [],
  draining: false,
})

const shown = (seen: ReturnType<typeof takeIn>, node: string) => seen.samples.get(node)?.map(({ users }) => users)

test('answers of two nodes behind one address make two histories', () => {
  let seen = takeIn(null, answer('a', 4, [0, 2, 4]))
  seen = takeIn(seen, answer('b', 5, [1, 3, 5]))
  seen = takeIn(seen, answer('a', 6, [4, 6]))
  expect([shown(seen, 'a'), shown(seen, 'b')]).toEqual([
    [0, 2, 4, 6],
    [1, 3, 5],
  ])
  expect(seen.latest.node_id).toBe('a')
  expect([...knownUpTo(seen)]).toEqual([
    ['b', NOON + 5_000],
    ['a', NOON + 6_000],
  ])
})

test('what is older than ten minutes is forgotten, and nodes that were not heard of since', () => {
  let seen = takeIn(null, answer('gone', 0, [0]))
  seen = takeIn(seen, answer('a', 10, [0, 10]))
  seen = takeIn(seen, answer('a', 605, [605]))
  expect(shown(seen, 'a')).toEqual([10, 605])
  expect(shown(seen, 'gone')).toBeUndefined()
  expect([...knownUpTo(null)]).toEqual([])
})
