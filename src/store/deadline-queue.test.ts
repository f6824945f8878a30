import { expect, test } from 'vitest'
import { createDeadlineQueue } from './deadline-queue.ts'

/** A queue that knows these deadlines, set one after the other. */
function queueWith(deadlines: readonly (readonly [userId: string, at: number])[]) {
  const kept = new Map(deadlines)
  const queue = createDeadlineQueue({
    get size() {
      return kept.size
    },
    of: (userId) => kept.get(userId),
    all: () => kept,
  })
  for (const [userId, at] of deadlines) queue.set(userId, at, true)
  return queue
}

test('R31 users due at the same moment come in one order, whoever else waits', () => {
  const others = ['ana', 'ben', 'cleo', 'dana', 'eve'].map((userId) => [userId, 5_000] as const)
  const alone = queueWith(others).take(5_000, 10)
  // A heap moves the others about when somebody leaves it before them.
  const withSomebody = queueWith([['somebody', 1], ...others])
  expect(withSomebody.take(1, 10)).toEqual(['somebody'])
  expect(withSomebody.take(5_000, 10)).toEqual(alone)
  expect(queueWith(others.toReversed()).take(5_000, 10)).toEqual(alone)
})
