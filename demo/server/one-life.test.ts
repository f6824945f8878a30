import { expect, test } from 'vitest'
import { startOneLife } from './one-life.ts'

test('one of many lives, and the next one when it stops', async () => {
  let holder: string | null = null
  const living = new Set<string>()
  const open = (name: string) =>
    startOneLife({
      everyMs: 5,
      tryLock: async () => {
        if (holder !== null) return null
        holder = name
        return {
          release: async () => {
            holder = null
          },
        }
      },
      start: async () => {
        living.add(name)
        return { stop: async () => void living.delete(name) }
      },
    })
  const [a, b] = [open('a'), open('b')]
  await expect.poll(() => [...living]).toEqual(['a'])
  await a.stop()
  await expect.poll(() => [...living]).toEqual(['b'])
  await b.stop()
  expect([[...living], holder]).toEqual([[], null])
})
