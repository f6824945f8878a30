import { describe, expect, test } from 'vitest'
import { watchLeader } from './watch-leader.ts'

const LOOK_MS = 1_000

describe('R45 the tab that leads', () => {
  test('is asked at once, then after three quiet seconds, and not while it speaks', () => {
    const page = setUp()
    expect(page.asked).toEqual([0])
    page.answer()
    page.pass(2)
    page.answer()
    page.pass(2)
    page.answer()
    page.pass(2)
    expect(page.asked).toEqual([0])
    page.pass(1)
    expect(page.asked).toEqual([0, 7_000])
  })

  test('is believed for five seconds after a question, and counts as silent since it was heard last', () => {
    const page = setUp()
    page.pass(1)
    page.answer()
    page.pass(7)
    expect(page.asked).toEqual([0, 4_000])
    expect(page.silent).toEqual([])
    page.pass(1)
    expect(page.silent).toEqual([1_000])
    // Told once: whoever is told does something about it.
    page.pass(20)
    expect(page.silent).toEqual([1_000])
  })

  test('is not blamed for what held up this page itself: it is asked anew', () => {
    const page = setUp()
    page.answer()
    page.pass(7)
    page.pass(1, 60_000)
    expect(page.silent).toEqual([])
    expect(page.asked).toEqual([0, 3_000, 67_000])
    page.answer()
    page.pass(2)
    expect(page.silent).toEqual([])
  })

  test('is not asked by a page that nobody sees, and at once by one that is seen again', () => {
    const page = setUp()
    page.answer()
    page.show('hidden')
    page.pass(100)
    expect([page.asked, page.silent]).toEqual([[0], []])
    page.show('visible')
    expect(page.asked).toEqual([0, 100_000])
    page.pass(4)
    expect(page.silent).toEqual([])
    page.pass(1)
    expect(page.silent).toEqual([0])
  })

  test('is left alone by a page that leads itself', () => {
    const page = setUp()
    page.watch.stop()
    page.show('visible')
    page.pass(20)
    expect([page.asked, page.silent]).toEqual([[0], []])
  })
})

function setUp() {
  let now = 0
  let due: (() => void) | null = null
  const asked: number[] = []
  const silent: number[] = []
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  const timers = {
    now: () => now,
    after(_ms: number, run: () => void) {
      due = run
      return () => {
        due = null
      }
    },
  }
  const watch = watchLeader(
    { document: document as Document, timers },
    () => void asked.push(now),
    (since) => void silent.push(since),
  )
  watch.start()
  return {
    asked,
    silent,
    watch,
    answer: watch.heard,
    show(visibilityState: string) {
      document.visibilityState = visibilityState
      document.dispatchEvent(new Event('visibilitychange'))
    },
    /** So many looks, this far apart. */
    pass(looks: number, ms = LOOK_MS) {
      for (let look = 0; look < looks; look += 1) {
        now += ms
        const run = due
        due = null
        run?.()
      }
    },
  }
}
