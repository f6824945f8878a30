import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { slotsReport } from './report.ts'
import { bucketsByShard, dealtByHand, evenness, lastSlots, slotOf, usersByBucket } from './slots.ts'

/** Ids that look like any user's, and are the same in every run. */
const userIds = Array.from({ length: 100_000 }, (_, n) =>
  createHash('md5')
    .update(`${n}`)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
)

describe('slots', () => {
  // As `redis-cli cluster keyslot` answers.
  test.each([
    ['foo', 12_182],
    ['bar', 5_061],
    ['123456789', 12_739],
    ['porchlight:{b0}:meta', 6_939],
    ['b0', 6_939],
    ['foo{}{bar}', 8_363],
    ['foo{{bar}}zap', 4_015],
    ['foo{bar}{zap}', 5_061],
  ])('of %s is %i', (key, slot) => {
    expect(slotOf(key)).toBe(slot)
  })

  test('are dealt out in ranges as redis-cli does among seven', () => {
    expect(lastSlots(7)).toEqual([2_340, 4_680, 7_021, 9_361, 11_702, 14_042, 16_383])
  })

  test('are dealt out in ranges, so that every bucket is somewhere', () => {
    for (const shards of [1, 3, 6, 7, 12, 24, 100, 256]) {
      const counts = bucketsByShard(shards)
      expect(counts).toHaveLength(shards)
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(256)
    }
  })

  test('dealt out by hand leave no shard with more than one bucket beyond another', () => {
    expect(dealtByHand(24)).toEqual({ least: 10, most: 11, imbalance: 11 / (256 / 24) })
    expect(dealtByHand(256)).toEqual({ least: 1, most: 1, imbalance: 1 })
  })
})

test('users spread evenly over the buckets', () => {
  const counts = usersByBucket(userIds)
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(userIds.length)
  // By chance alone, the fullest of 256 parts of 390 has 15 % more.
  expect(evenness(counts).imbalance).toBeLessThan(1.25)
  expect(evenness(counts).least).toBeGreaterThan(300)
})

test('the table names each number of shards', () => {
  const table = slotsReport(userIds)
  expect(table).toMatch(/^100,000 random users over 256 buckets: \d+ to \d+ in each/)
  expect(table).toMatch(/^\| 3 +\| 80 to 93 +\| 1\.09 × +\| 85 to 86 +\| 1\.01 × +\|$/m)
  expect(table.match(/^\| \d+ +\|/gm)).toHaveLength(5)
})
