import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { expect, test } from 'vitest'

/** KB of our own part, minified and compressed, that a page pays at most. */
const MAX_OWN_KB = 10

test('the SDK is small beside what it stands on, and costs nothing where it is not used', async () => {
  const own = await sizeOf("export { createPresenceClient } from './index.ts'", ['socket.io-client'])
  const all = await sizeOf("export { createPresenceClient } from './index.ts'", [])
  const table = await sizeOf("export { CONNECTION_TABLE } from './index.ts'", ['socket.io-client'])
  const report = `own part ${own.kb} KB, with socket.io-client ${all.kb} KB, the state table alone ${table.kb} KB`
  process.stdout.write(`porchlight/client, minified and gzipped: ${report}\n`)
  expect(own.kb).toBeLessThan(MAX_OWN_KB)
  expect(all.kb).toBeGreaterThan(own.kb)
  expect(table.code).toContain('connecting')
  expect(table.code).not.toMatch(/BroadcastChannel|pagehide|presenceDiff|socket\.io/)
  expect(table.kb).toBeLessThan(0.5)
})

async function sizeOf(code: string, external: string[]): Promise<{ kb: number; code: string }> {
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
        load: (id) => (id === `\0${entry}` ? code : null),
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
  return { kb: Math.round(gzipSync(bundled).length / 102.4) / 10, code: bundled }
}
