import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createWatchList } from './watch-list.ts'

/** A server that refuses lists as a whole, as ours does. */
function ask(
  list: ReturnType<typeof createWatchList>,
  wanted: ReadonlySet<string>,
  server: { limit: number; bad: ReadonlySet<string> },
): { watched: Set<string>; messages: number; errors: number } {
  let watched = new Set<string>()
  let errors = 0
  for (let messages = 1; messages < 1_000; messages += 1) {
    const next = list.next(wanted)
    const full = next.length > server.limit
    if (full || next.some((userId) => server.bad.has(userId))) {
      if (list.refused(next, full)) errors += 1
      continue
    }
    const same = next.length === watched.size && next.every((userId) => watched.has(userId))
    watched = new Set(next)
    list.accepted(next)
    if (same) return { watched, messages, errors }
  }
  throw new Error('it never settled')
}

test('R53 what the server takes is watched, however many ids it does not know how to read', () => {
  const ids = fc.uniqueArray(fc.integer({ min: 0, max: 60 }).map(String), { maxLength: 40 })
  fc.assert(
    fc.property(fc.array(fc.tuple(ids, ids), { minLength: 1, maxLength: 4 }), (turns) => {
      const list = createWatchList()
      for (const [wanted, bad] of turns) {
        const server = { limit: 1_000, bad: new Set(turns[0]?.[1] ?? bad) }
        const { watched } = ask(list, new Set(wanted), server)
        expect([...watched].toSorted()).toEqual(wanted.filter((userId) => !server.bad.has(userId)).toSorted())
      }
    }),
  )
})

test('R53 a list that is too long is filled to the limit with the oldest wishes, in few messages, and one error', () => {
  const wanted = new Set(Array.from({ length: 3_000 }, (_, index) => String(index)))
  const list = createWatchList()
  const { watched, messages, errors } = ask(list, wanted, { limit: 2_000, bad: new Set() })
  expect([...watched]).toEqual([...wanted].slice(0, 2_000))
  expect(messages).toBeLessThan(30)
  expect(errors).toBe(1)

  // Somebody leaves: the next in line has room, and is asked for without another refusal.
  wanted.delete('5')
  const after = ask(list, wanted, { limit: 2_000, bad: new Set() })
  expect(after.watched.has('2000')).toBe(true)
  expect(after.watched.size).toBe(2_000)
  expect(after.errors).toBe(0)
})

test('a server that comes back with a lower limit is asked for less', () => {
  const wanted = new Set(Array.from({ length: 100 }, (_, index) => String(index)))
  const list = createWatchList()
  ask(list, wanted, { limit: 100, bad: new Set() })
  expect(ask(list, wanted, { limit: 40, bad: new Set() }).watched.size).toBe(40)
})
