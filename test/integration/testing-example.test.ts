import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const EXAMPLE = join(ROOT, 'examples/testing')

test.each(['booking.js', 'booking.test.js'])('docs/testing.md shows %s as it is', async (file) => {
  const page = await readFile(join(ROOT, 'docs/testing.md'), 'utf8')
  const shown = new RegExp(`<!-- examples/testing/${file} -->\\n\\n\`\`\`js\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1]
  expect(shown).toBe(await readFile(join(EXAMPLE, file), 'utf8'))
})

test("R3 R10 the example of docs/testing.md runs in a host's folder, as it is", async () => {
  const home = await mkdtemp(join(tmpdir(), 'porchlight-example-'))
  try {
    await cp(EXAMPLE, home, { recursive: true })
    await mkdir(join(home, 'node_modules'))
    await symlink(ROOT, join(home, 'node_modules/porchlight'))
    const env = { PATH: process.env['PATH'] ?? '' }
    const run = spawn(process.execPath, ['--test', '--test-reporter=tap'], { cwd: home, env })
    let output = ''
    for (const stream of [run.stdout, run.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
    const [code] = await once(run, 'close')
    expect(code, output).toBe(0)
    expect(output).toMatch(/^# pass 3$/m)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
