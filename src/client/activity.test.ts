import { expect, test } from 'vitest'
import { watchActivity } from './activity.ts'
import { readSurroundings } from './surroundings.ts'

test('R12 the first sign of use is told at once, then at most one in five seconds, and none of a hidden tab', () => {
  let now = 0
  let told = 0
  const page = new EventTarget()
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  const stop = watchActivity(
    {
      ...readSurroundings(),
      window: page as Window,
      document: document as Document,
      timers: { now: () => now, after: () => () => undefined },
    },
    () => {
      told += 1
    },
  )
  for (const event of ['pointermove', 'keydown', 'wheel', 'touchmove']) page.dispatchEvent(new Event(event))
  expect(told).toBe(1)
  now = 4_999
  page.dispatchEvent(new Event('keydown'))
  expect(told).toBe(1)
  now = 5_000
  page.dispatchEvent(new Event('touchstart'))
  expect(told).toBe(2)

  now = 60_000
  document.visibilityState = 'hidden'
  page.dispatchEvent(new Event('pointermove'))
  document.dispatchEvent(new Event('visibilitychange'))
  expect(told).toBe(2)
  document.visibilityState = 'visible'
  document.dispatchEvent(new Event('visibilitychange'))
  expect(told).toBe(3)

  // Scripts and layouts scroll, too.
  now = 70_000
  page.dispatchEvent(new Event('scroll'))
  expect(told).toBe(3)
  // A scroll bar that is dragged tells of its beginning and its end.
  page.dispatchEvent(new Event('pointerup'))
  expect(told).toBe(4)

  stop()
  now = 120_000
  page.dispatchEvent(new Event('pointermove'))
  expect(told).toBe(4)
})
