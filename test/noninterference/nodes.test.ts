import fc from 'fast-check'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { type Nodes, nodeScripts, startNodes } from './nodes.ts'
import type { Finding } from './pairs.ts'

const PAIRS = Number(process.env['NODE_PAIRS'] ?? 6)
const SEED = Number(process.env['NODE_SEED'] ?? 3)

let nodes: Nodes
beforeAll(async () => {
  nodes = await startNodes(inject('redisUrl'))
}, 120_000)
afterAll(() => nodes?.stop())

test('R30 R31 R36 R37 others are told the same on another node, through Redis, PostgreSQL and a cache', {
  timeout: 3_600_000,
}, async () => {
  const scripts = fc.sample(nodeScripts, { numRuns: PAIRS, seed: SEED })
  const found: (Finding['report'] | null)[] = []
  const playAll = async (cast: number): Promise<void> => {
    for (let i = cast; i < scripts.length; i += nodes.casts) {
      const script = scripts[i]
      if (script) found.push(await nodes.findInterference(script, cast))
    }
  }
  await Promise.all(Array.from({ length: nodes.casts }, (_, cast) => playAll(cast)))
  console.info(`${found.length} pairs on two nodes, from seed ${SEED}.`)
  expect(found.filter((report) => report !== null)).toEqual([])
  expect(found).toHaveLength(PAIRS)
})
