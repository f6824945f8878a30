import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Listing } from '../../store/contract.ts'
import type { Pace } from './pace.ts'
import { createUnstored, type Unstored } from './unstored.ts'

const PACE: Pace = { gatherMs: 150, everyMs: 1_000, lookEveryMs: 200, timeMovesMs: 5_000, reconcileMs: 30_000 }

let now: number
let stored: Map<string, Listing>
let onStored: ReturnType<typeof vi.fn<(listing: Listing, urgent: boolean) => void>>
let onOverflow: ReturnType<typeof vi.fn<() => void>>
let asked: string[][]
let unstored: Unstored
/** Happens while the store is being asked. */
let meanwhile: () => void

const listing = (version: number): Listing => ({ cityId: '1', serviceIds: ['2'], version })

beforeEach(() => {
  now = 0
  stored = new Map()
  asked = []
  meanwhile = () => {}
  onStored = vi.fn()
  onOverflow = vi.fn()
  unstored = createUnstored({
    pace: PACE,
    clock: () => now,
    wake: () => {},
    onFailure: () => {},
    onStored,
    onOverflow,
    listings: async (userIds) => {
      asked.push([...userIds])
      const found = new Map([...stored].filter(([userId]) => userIds.includes(userId)))
      meanwhile()
      return found
    },
  })
})

/** Moves to the next look and takes it. */
async function look(): Promise<void> {
  now = unstored.lookAt()
  await unstored.look()
}

describe('whoever changed', () => {
  beforeEach(() => unstored.activate(true))

  test('is waited for until a search finds them so', async () => {
    stored.set('ana', listing(6)).set('ben', listing(3))
    unstored.add('ana', 7, false)
    unstored.add('ben', 3, false)
    await look()
    expect(now).toBe(PACE.lookEveryMs)
    expect(onStored.mock.calls).toEqual([[listing(3), false]])
    stored.set('ana', listing(8))
    await look()
    expect(onStored.mock.calls.at(-1)).toEqual([listing(8), false])
    expect(asked).toEqual([['ana', 'ben'], ['ana']])
    expect(unstored.lookAt()).toBe(Number.POSITIVE_INFINITY)
  })

  test('and is no provider is forgotten at once; whoever is never stored, after a while', async () => {
    stored.set('ana', listing(6))
    unstored.add('client', 7, false)
    unstored.add('ana', 7, false)
    let looks = 0
    for (; unstored.lookAt() < Number.POSITIVE_INFINITY; looks += 1) await look()
    expect(looks).toBeLessThan(30)
    expect(asked.at(-1)).toEqual(['ana'])
    expect(onStored.mock.calls).toEqual([[listing(6), false]])
  })

  test('R32 and took something back is looked for at once', () => {
    unstored.add('ana', 7, false)
    now = 10
    unstored.add('ana', 8, true)
    expect(unstored.lookAt()).toBe(10)
  })

  test('R7 again, or by news that come late, is waited for by the newest version', async () => {
    unstored.add('ana', 8, false)
    unstored.add('ana', 7, false)
    stored.set('ana', listing(7))
    await look()
    expect(onStored).not.toHaveBeenCalled()
  })

  test('again while it is asked for is asked for again', async () => {
    stored.set('ana', listing(7))
    unstored.add('ana', 7, false)
    meanwhile = () => unstored.add('ana', 8, false)
    await look()
    meanwhile = () => {}
    stored.set('ana', listing(8))
    await look()
    expect(onStored.mock.calls).toEqual([[listing(8), false]])
  })

  test('R43 in numbers that are not worth looking at has everything computed instead', () => {
    for (let i = 0; i <= 20_000; i += 1) unstored.add(`user ${i}`, 1, false)
    expect(onOverflow).toHaveBeenCalledTimes(1)
  })
})

test('whoever changed a moment before the first search is watched counts, too; who changed earlier is forgotten', async () => {
  unstored.add('old', 1, false)
  now = 6_000
  unstored.add('new', 1, false)
  expect(unstored.lookAt()).toBe(Number.POSITIVE_INFINITY)
  unstored.activate(true)
  await look()
  expect(asked).toEqual([['new']])
})

test('R50 a store that is away is asked again, less and less often', async () => {
  const pauses: number[] = []
  const failing = createUnstored({
    pace: PACE,
    clock: () => now,
    wake: () => {},
    onFailure: () => {},
    onStored,
    onOverflow,
    listings: () => Promise.reject(new Error('away')),
  })
  failing.activate(true)
  failing.add('ana', 1, false)
  for (let i = 0; i < 8; i += 1) {
    now = failing.lookAt()
    await failing.look()
    pauses.push(failing.lookAt() - now)
    failing.add('ben', i, true)
  }
  expect(Math.max(...pauses)).toBeLessThanOrEqual(4_000)
  expect(pauses.at(-1)).toBeGreaterThan(1_000)
})

test('R41 R50 whoever changed during an outage is waited for until they are stored after it', async () => {
  let isAway = true
  const patient = createUnstored({
    pace: PACE,
    clock: () => now,
    wake: () => {},
    onFailure: () => {},
    onStored,
    onOverflow,
    listings: async () => (isAway ? Promise.reject(new Error('away')) : stored),
  })
  const next = async () => {
    now = patient.lookAt()
    await patient.look()
  }
  stored.set('ana', listing(6))
  patient.activate(true)
  patient.add('ana', 7, false)
  for (let looks = 0; looks < 12; looks += 1) await next()
  expect(now).toBeGreaterThan(10_000)
  isAway = false
  await next()
  expect(onStored).not.toHaveBeenCalled()
  stored.set('ana', listing(7))
  await next()
  expect(onStored.mock.calls).toEqual([[listing(7), false]])
})
