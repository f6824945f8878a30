import { expect, test } from 'vitest'
import { readSurroundings } from './surroundings.ts'
import { watchWake } from './wake.ts'

test('a look at the clock that comes late has slept; one in time, or on a busy page, has not', () => {
  const page = setUp()
  // Rarely enough to cost nothing, and often enough to be live within two seconds of waking.
  expect(page.lookEvery()).toBe(1_000)
  page.pass(1_000)
  page.pass(5_000)
  expect(page.heard).toEqual([])
  page.pass(3_600_000)
  page.pass(1_000)
  expect(page.heard).toEqual(['woke'])
})

test('everything a browser says about going and coming is heard, until nobody listens', () => {
  const page = setUp()
  page.document.visibilityState = 'hidden'
  page.document.dispatchEvent(new Event('visibilitychange'))
  expect(page.heard).toEqual([])
  page.document.visibilityState = 'visible'
  page.document.dispatchEvent(new Event('visibilitychange'))
  page.document.dispatchEvent(new Event('freeze'))
  page.document.dispatchEvent(new Event('resume'))
  page.window.dispatchEvent(new Event('offline'))
  page.window.dispatchEvent(new Event('online'))
  page.window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: false }))
  page.window.dispatchEvent(new Event('pagehide'))
  page.window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }))
  expect(page.heard).toEqual(['woke', 'hidden', 'shown', 'networkLost', 'woke', 'hidden', 'shown'])
  page.stop()
  page.window.dispatchEvent(new Event('online'))
  page.pass(3_600_000)
  expect(page.heard).toHaveLength(7)
})

function setUp() {
  let now = 0
  let due: (() => void) | null = null
  let dueIn = 0
  const heard: string[] = []
  const window = new EventTarget()
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  const timers = {
    now: () => now,
    after(ms: number, run: () => void) {
      due = run
      dueIn = ms
      return () => {
        due = null
      }
    },
  }
  const stop = watchWake(
    { ...readSurroundings(), window: window as Window, document: document as Document, timers },
    {
      woke: () => void heard.push('woke'),
      networkLost: () => void heard.push('networkLost'),
      hidden: () => void heard.push('hidden'),
      shown: () => void heard.push('shown'),
    },
  )
  /** The next look comes after this long. */
  const pass = (ms: number): void => {
    now += ms
    due?.()
  }
  return { heard, window, document, pass, stop, lookEvery: () => dueIn }
}
