import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

test('docs/api is what `npm run api` writes from the types', { timeout: 120_000 }, async () => {
  const fresh = await mkdtemp(join(tmpdir(), 'porchlight-api-'))
  try {
    await promisify(execFile)(process.execPath, [join(ROOT, 'scripts/api.js'), '--out', fresh], { cwd: ROOT })
    const committed = join(ROOT, 'docs/api')
    const pages = await readdir(fresh)
    expect(pages).toContain('server.md')
    expect(new Set(await readdir(committed))).toEqual(new Set(pages))
    for (const page of pages) {
      expect(await readFile(join(committed, page), 'utf8'), page).toBe(await readFile(join(fresh, page), 'utf8'))
    }
  } finally {
    await rm(fresh, { recursive: true })
  }
})
