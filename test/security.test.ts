import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const page = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')

interface PromiseRow {
  readonly promise: string
  readonly rule: string
  readonly file: string
  readonly title: string
}

/** Rows of the table of promises: what, by which rule, and the test as `file` › title. */
const promises: readonly PromiseRow[] = [...page.matchAll(/^\| (.+?) +\| (R\d+) +\| `([^`]+)` › (.+?) +\|$/gm)].map(
  ([, promise = '', rule = '', file = '', title = '']) => ({ promise, rule, file, title }),
)

describe('SECURITY.md', () => {
  test('promises something of every kind', () => {
    expect(promises.length).toBeGreaterThan(25)
    expect(new Set(promises.map(({ rule }) => rule))).toEqual(expect.objectContaining(new Set(['R30', 'R31', 'R32'])))
  })

  test('has no row in its table that names no test', () => {
    const [, table = ''] = /## What is promised\n([\s\S]*?)\n## /.exec(page) ?? []
    const rows = table.split('\n').filter((line) => line.startsWith('| ') && !/^\| (promise|-)/.test(line))
    expect(rows.length).toBe(promises.length)
  })

  test.each(promises)('$promise: held by $file', ({ rule, file, title }) => {
    expect(existsSync(join(ROOT, file)), file).toBe(true)
    const source = readFileSync(join(ROOT, file), 'utf8')
    expect(source, `${file} has no test "${title}"`).toContain(title)
    expect(source, `${file} does not cite ${rule}`).toContain(rule)
  })
})
