import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { BUCKETS, bucketOf, byBucket, createKeys } from './keys.ts'

test('users are spread evenly, whatever their ids look like', () => {
  const kinds = [
    Array.from({ length: 100 * BUCKETS }, () => randomUUID()),
    Array.from({ length: 100 * BUCKETS }, (_, n) => String(n + 1)),
  ]
  for (const ids of kinds) {
    const sizes = [...byBucket(ids, (id) => id).values()].map((group) => group.length)
    expect(sizes).toHaveLength(BUCKETS)
    // A hundred each on average: four deviations of chance to both sides.
    expect(Math.min(...sizes)).toBeGreaterThan(50)
    expect(Math.max(...sizes)).toBeLessThan(150)
  }
})

test('everything of one user is in one slot', () => {
  const keys = createKeys('app')
  const tag = `{b${bucketOf('ada')}}`
  const names = [keys.record('ada'), ...[keys.due, keys.log, keys.meta].map((name) => name(bucketOf('ada')))]
  expect(names.every((name) => name.startsWith(`app:${tag}:`))).toBe(true)
})
