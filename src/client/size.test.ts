import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'

/** KB of our own part, minified and compressed, that a page pays at most. */
const MAX_OWN_KB = 10.5
/** KB of that which watched searches may take: a tab that leads serves others, so it cannot leave them out. */
const MAX_SEARCHES_KB = 2
/** Stands in for what is left out. */
const EMPTY = 'export const createSearchSync = () => ({}), createSearches = () => ({})'

test('the SDK is small beside what it stands on, and costs nothing where it is not used', async () => {
  const own = await sizeOf("export { createPresenceClient } from './index.ts'", ['socket.io-client'])
  const all = await sizeOf("export { createPresenceClient } from './index.ts'", [])
  const without = await sizeOf(
    "export { createPresenceClient } from './index.ts'",
    ['socket.io-client'],
    /search-sync|searches/,
  )
  const steady = await sizeOf("export { createPresenceClient, createSteadySearch } from './index.ts'", [
    'socket.io-client',
  ])
  const table = await sizeOf("export { CONNECTION_TABLE } from './index.ts'", ['socket.io-client'])
  const searches = `of it watched searches ${difference(own.kb, without.kb)} KB, steady lists ${difference(steady.kb, own.kb)} KB more`
  const report = `own part ${own.kb} KB, ${searches}, with socket.io-client ${all.kb} KB, the state table alone ${table.kb} KB`
  process.stdout.write(`porchlight/client, minified and gzipped: ${report}\n`)
  expect(own.kb).toBeLessThan(MAX_OWN_KB)
  expect(own.kb - without.kb).toBeLessThan(MAX_SEARCHES_KB)
  expect(without.code).not.toContain('watchProviders(')
  expect(steady.kb).toBeGreaterThan(own.kb)
  expect(own.code).not.toContain('bringIn')
  expect(all.kb).toBeGreaterThan(own.kb)
  expect(table.code).toContain('connecting')
  expect(table.code).not.toMatch(/BroadcastChannel|pagehide|presenceDiff|socket\.io/)
  expect(table.kb).toBeLessThan(0.5)
})

const difference = (a: number, b: number): string => (a - b).toFixed(2)

/** @param left out the modules of these names: what uses them does not run, but its size can be told */
async function sizeOf(code: string, external: string[], leftOut = /^$/): Promise<{ kb: number; code: string }> {
  const entry = 'virtual:entry'
  const result = await build({
    configFile: false,
    logLevel: 'error',
    root: import.meta.dirname,
    plugins: [
      {
        name: 'entry',
        resolveId: (id, importer) =>
          id === entry ? `\0${entry}` : importer === `\0${entry}` ? join(import.meta.dirname, id) : null,
        load: (id) => (id === `\0${entry}` ? code : leftOut.test(id) ? EMPTY : null),
      },
    ],
    build: {
      write: false,
      minify: true,
      modulePreload: false,
      rollupOptions: { input: entry, external, preserveEntrySignatures: 'strict' },
    },
  })
  const [output] = [result].flat()
  if (!output || !('output' in output)) throw new Error('Nothing was built.')
  const bundled = output.output.map((chunk) => (chunk.type === 'chunk' ? chunk.code : '')).join('')
  return { kb: Math.round(gzipSync(bundled).length / 10.24) / 100, code: bundled }
}
