import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { pack, type Packed } from './support/packed-host.ts'

const ROOT = resolve(import.meta.dirname, '..')
const run = promisify(execFile)
const tool = (path: string, ...args: readonly string[]) =>
  run(process.execPath, [join(ROOT, 'node_modules', path), ...args], { env: { ...process.env, NO_COLOR: '1' } })

vi.setConfig({ testTimeout: 90_000 })

let packed: Packed
beforeAll(async () => {
  packed = await pack()
}, 120_000)
afterAll(() => packed.remove())

test('what is published is found as package.json says, in every way in which hosts look for it', async () => {
  const { stdout } = await tool('publint/src/cli.js', 'run', packed.tarball, '--strict')
  expect(stdout).toContain('All good!')
})

test('its types are found by every resolution of TypeScript that knows ES modules', async () => {
  const { stdout } = await tool('@arethetypeswrong/cli/dist/index.js', packed.tarball, '--profile', 'esm-only')
  const entries = [...stdout.matchAll(/^"porchlight(.*)"$/gm)].map(([, path]) => path)
  expect(entries).toEqual(['', '/protocol', '/client', '/react', '/testing', '/package.json'])
})
