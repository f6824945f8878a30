import { expect, test } from 'vitest'
import { createProgress } from './progress.ts'

function stage(isTTY: boolean) {
  const said: string[] = []
  const clock = { now: 1_000 }
  const show = createProgress({ isTTY, write: (text) => said.push(text) }, () => clock.now)
  return { said, show, pass: (ms: number) => void (clock.now += ms) }
}

test('a terminal has one line, with the rate and what is left', () => {
  const { said, show, pass } = stage(true)
  show('people', 0, 10_000)
  pass(2_000)
  show('people', 4_000, 10_000)
  pass(50)
  show('people', 4_100, 10_000)
  pass(2_950)
  show('people', 10_000, 10_000)
  expect(said).toEqual([
    `\r\u001b[K${'█'.repeat(12)}${'░'.repeat(18)} people: 4,000 of 10,000, 2,000 a second, 3 s left`,
    `\r\u001b[K${'█'.repeat(30)} people: 10,000 of 10,000, 2,000 a second, 5 s\n`,
  ])
})

test('elsewhere there is a line every few seconds, and each piece has its own rate', () => {
  const { said, show, pass } = stage(false)
  for (let done = 0; done <= 120_000; done += 1_000) {
    show('people', done, 120_000)
    pass(100)
  }
  show('listing', 0, 120_000)
  pass(5_000)
  show('listing', 5_000, 120_000)
  expect(said).toEqual([
    'people: 50,000 of 120,000, 10,000 a second, 7 s left\n',
    'people: 100,000 of 120,000, 10,000 a second, 2 s left\n',
    'people: 120,000 of 120,000, 10,000 a second, 12 s\n',
    'listing: 5,000 of 120,000, 1,000 a second, 1 min 55 s left\n',
  ])
})

test('work that an earlier run began has the rate of this run', () => {
  const { said, show, pass } = stage(false)
  show('users', 900_000, 1_000_000)
  pass(5_000)
  show('users', 910_000, 1_000_000)
  expect(said).toEqual(['users: 910,000 of 1,000,000, 2,000 a second, 45 s left\n'])
})

test('what is over is said once, also when it is over at once', () => {
  const { said, show } = stage(false)
  show('people', 6, 6)
  show('people', 6, 6)
  expect(said).toEqual(['people: 6 of 6\n'])
})
