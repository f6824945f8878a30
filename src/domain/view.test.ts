import { describe, expect, test } from 'vitest'
import { nextView, UNSEEN, type View } from './view.ts'

const STAMP = { version: 20, activityFlushMs: 1_000 }
const online: View = { status: 'online', lastSeenAt: 5_000, message: null, version: 10 }

describe('nextView', () => {
  test('R14 the same view stays the same object, with its version', () => {
    expect(nextView(online, { status: 'online', lastSeenAt: 5_000, message: null }, STAMP)).toBe(online)
  })

  test.each<[name: string, change: Partial<View>]>([
    ['status', { status: 'dnd' }],
    ['message', { message: 'back soon' }],
    ['last seen', { lastSeenAt: 6_000 }],
  ])('R31 a change of %s moves the version', (_name, change) => {
    expect(nextView(online, { ...online, ...change }, STAMP)).toEqual({ ...online, ...change, version: 20 })
  })

  test('R13 last seen of a present user moves in steps of activityFlushMs', () => {
    expect(nextView(online, { ...online, lastSeenAt: 5_999 }, STAMP)).toBe(online)
    expect(nextView(online, { ...online, lastSeenAt: 6_000 }, STAMP).lastSeenAt).toBe(6_000)
  })

  test('R13 another change does not make last seen of a present user finer', () => {
    const { lastSeenAt } = nextView(online, { status: 'away', lastSeenAt: 5_999, message: null }, STAMP)
    expect(lastSeenAt).toBe(5_000)
  })

  test('R13 last seen of somebody who left is exact', () => {
    const left = nextView(online, { status: 'offline', lastSeenAt: 5_001, message: null }, STAMP)
    expect(left).toEqual({ status: 'offline', lastSeenAt: 5_001, message: null, version: 20 })
  })

  test('R30 hiding takes last seen back', () => {
    expect(nextView(online, UNSEEN, STAMP)).toEqual({ ...UNSEEN, version: 20 })
  })
})
