import { expect, test } from 'vitest'
import { cleanupInactive } from './cleanup-inactive.ts'
import type { ServiceDeps } from './deps.ts'

/** One node alone, with users whose deadline has passed; each has a session that ends. */
function nodeWith(due: string[]) {
  const lines: { fields: object; text: string }[] = []
  const hot = {
    takeDue: async (limit: number) => due.splice(0, limit),
    change: async () => ({ ended: ['session'] }),
    nodeId: () => 'a',
  }
  const log = { debug: () => {}, info: (fields: object, text: string) => void lines.push({ fields, text }) }
  const deps = { hot, log, shared: null, local: new Map(), backlog: { unstated: new Set() }, rules: {} }
  return { deps: deps as unknown as ServiceDeps, lines }
}

test('R4 says how many sessions it ended, also in the log, and nothing of none', async () => {
  const { deps, lines } = nodeWith(['alice', 'bob'])
  expect(await cleanupInactive(deps)).toBe(2)
  expect(await cleanupInactive(deps)).toBe(0)
  expect(lines).toEqual([{ fields: { sessions: 2 }, text: 'inactive sessions were ended' }])
})
