import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

/** Steps of the project that are here. A rule tagged with one of them has to be held by a test. */
const DELIVERED: ReadonlySet<number> = new Set([1, 2, 3, 4])

const ROOT = join(import.meta.dirname, '..')
const rules = rulesIn(readFileSync(join(ROOT, 'docs/spec.md'), 'utf8'))
const citedIn = new Map(testFiles().map((file) => [file, citationsIn(readFileSync(join(ROOT, file), 'utf8'))]))
const cited = new Set([...citedIn.values()].flatMap((numbers) => Array.from(numbers)))

describe('docs/spec.md', () => {
  test('numbers its rules in order, each once, with at least one step', () => {
    const numbers = rules.map(({ number }) => Number(number.slice(1)))
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
    expect(numbers.length).toBeGreaterThan(35)
    expect(rules.filter(({ steps }) => steps.length === 0)).toEqual([])
  })

  test.each(rules.filter(isDelivered).map(({ number }) => number))('%s is delivered, so a test holds it', (number) => {
    expect(cited).toContain(number)
  })

  test.each(rules.filter(({ enforcement }) => enforcement.length > 0))(
    '$number is held by the files named for it',
    ({ number, enforcement }) => {
      for (const file of enforcement) {
        expect(existsSync(join(ROOT, file)), `${file} exists`).toBe(true)
        expect([...(citedIn.get(file) ?? [])], `${file} cites ${number}`).toContain(number)
      }
    },
  )

  test('names the files that hold each delivered rule', () => {
    const silent = rules.filter((rule) => isDelivered(rule) && rule.enforcement.length === 0)
    expect(silent.map(({ number }) => number)).toEqual([])
  })

  test('knows every rule that a test cites', () => {
    const known = new Set(rules.map(({ number }) => number))
    expect([...cited].filter((number) => !known.has(number))).toEqual([])
  })
})

interface Rule {
  readonly number: string
  readonly steps: readonly number[]
  readonly enforcement: readonly string[]
}

function isDelivered({ steps }: Rule): boolean {
  return steps.some((step) => DELIVERED.has(step))
}

/** Rules look like "- **R1** `[1]` A user is …", with a paragraph "Enforcement: `file`, `file`" of their own. */
function rulesIn(page: string): Rule[] {
  return page.split(/^- (?=\*\*R\d+\*\*)/m).flatMap((part) => {
    const head = /^\*\*(R\d+)\*\* `\[([^\]]+)\]`/.exec(part)
    if (!head) return []
    const [, number = '', tag = ''] = head
    const named = /^ {2}Enforcement:([^#]*)/m.exec(part)?.[1] ?? ''
    return {
      number,
      steps: [...tag.matchAll(/\d+/g)].map(([step]) => Number(step)),
      enforcement: [...named.matchAll(/`([^`]+\.test\.tsx?)`/g)].map(([, file = '']) => file),
    }
  })
}

function testFiles(): string[] {
  return ['src', 'demo', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && isTest(entry.parentPath, entry.name))
      .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/')),
  )
}

// A contract suite has its names in the file that every implementation's test calls.
function isTest(folder: string, name: string): boolean {
  return /\.test\.tsx?$/.test(name) || relative(ROOT, folder).replaceAll('\\', '/') === 'test/contract'
}

/** Numbers in the names of tests, rows of test tables included: literals that start with them. */
function citationsIn(source: string): Set<string> {
  const names = source.matchAll(/['"`](R\d+(?:(?:,| and)? R\d+)*)\b/g)
  return new Set([...names].flatMap(([, numbers = '']) => numbers.match(/R\d+/g) ?? []))
}
