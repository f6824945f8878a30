import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PRESENCE_ERROR_CODES } from '../src/domain/errors.ts'
import { PROBLEMS } from '../src/gateway/http/problem.ts'
import { environmentName, OPTION_RANGES, type PresenceOptions } from '../src/options.ts'
import { SERVER_VARIABLES } from '../src/settings.ts'
import { LOCK_TIMEOUT_MS } from '../src/store/postgres/migration-session.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const pages = [...markdownIn('.', false), ...markdownIn('docs', true), ...markdownIn('demo', false)]

describe('docs/errors.md', () => {
  const rows = tableRows(read('docs/errors.md')).filter(([code]) => /^`[A-Z_]+`$/.test(code ?? ''))

  test('R52 explains exactly the codes there are', () => {
    expect(rows.map(([code]) => code?.replaceAll('`', ''))).toEqual([...PRESENCE_ERROR_CODES])
  })

  test('R52 tells the HTTP status that is sent, what to do, and whether a retry helps', () => {
    for (const [code = '', status, meaning = '', remedy = '', retry] of rows) {
      const [sent] = PROBLEMS[code.replaceAll('`', '') as keyof typeof PROBLEMS]
      expect(Number(status), code).toBe(sent)
      expect(meaning.length, code).toBeGreaterThan(10)
      expect(remedy.length, code).toBeGreaterThan(8)
      expect(retry, code).toMatch(/^(yes|no)$/)
    }
  })
})

describe('docs/options.md', () => {
  const rows = new Map(
    tableRows(read('docs/options.md')).map(([name = '', ...rest]) => [name.replaceAll('`', ''), rest]),
  )

  test.each(Object.keys(OPTION_RANGES) as (keyof PresenceOptions)[])(
    'R53 tells the variable, the default and the range of %s',
    (name) => {
      const [variable, ...numbers] = rows.get(name) ?? []
      expect(variable).toBe(`\`${environmentName(name)}\``)
      expect(numbers.slice(0, 3).map((number) => Number(number.replaceAll(',', '')))).toEqual([...OPTION_RANGES[name]])
    },
  )

  test.each(Object.keys(SERVER_VARIABLES))('names %s', (variable) => {
    expect(rows.has(variable)).toBe(true)
  })
})

describe('docs/limits.md', () => {
  const page = read('docs/limits.md')
  const isLimit = /^max|Burst$|Per(?:Second|Minute|Hour)$|^address|^(?:flood|handshake|request|moderation)\w*Ms$/

  test.each(Object.keys(OPTION_RANGES).filter((name) => isLimit.test(name)))('R53 tells what is above %s', (name) => {
    expect(page).toContain(`\`${name}\``)
  })

  test('names no option that there is not', () => {
    const named = tableRows(page).flatMap(([, options = '']) =>
      [...options.matchAll(/`([a-z]\w+)`/g)].map(([, name = '']) => name),
    )
    expect(named.length).toBeGreaterThan(20)
    expect(named.filter((name) => !(name in OPTION_RANGES))).toEqual([])
  })
})

describe('docs/operations.md', () => {
  const page = read('docs/operations.md')

  test('R35 tells exactly the metrics there are', async () => {
    const kept = [...(await createMetrics().text()).matchAll(/^# TYPE (porchlight_\w+)/gm)].map(([, name]) => name)
    const told = [...page.matchAll(/^\| `(porchlight_\w+)`/gm)].map(([, name]) => name)
    expect(kept.length).toBeGreaterThan(10)
    expect(told).toHaveLength(kept.length)
    expect(new Set(told)).toEqual(new Set(kept))
  })
})

describe('what is told of migrations', () => {
  test.each(['docs/operations.md', 'CHANGELOG.md'])('%s tells for how long they wait for a table', (page) => {
    expect(read(page)).toMatch(new RegExp(`\`--lock-timeout\`(?:\\*\\*)? \\(${LOCK_TIMEOUT_MS} ms\\)`))
  })

  test('the command waits as long as the library', () => {
    expect(read('src/cli.ts')).toMatch(/'--lock-timeout <ms>',\n.*\n {2}String\(LOCK_TIMEOUT_MS\)/)
  })
})

describe('docs/protocol.md', () => {
  const page = read('docs/protocol.md')

  test.each(eventsOf(read('src/protocol/events.ts')))('names the event %s', (event) => {
    expect(page).toContain(`\`${event}\``)
  })

  test('finds the events it looks for', () => {
    expect(eventsOf(read('src/protocol/events.ts'))).toEqual(
      expect.arrayContaining(['watch', 'presenceUpdate', 'drain']),
    )
  })
})

describe('README.md', () => {
  const [, adoption = ''] = /<!-- adopt:start -->\n([\s\S]*?)<!-- adopt:end -->/.exec(read('README.md')) ?? []
  const [, code = ''] = /^```js\n([\s\S]*?)^```$/m.exec(adoption) ?? []

  test('adds presence to an app in at most 20 lines', () => {
    expect(code).toContain("import { createPresence } from 'porchlight'")
    expect(code.trimEnd().split('\n').length).toBeLessThanOrEqual(20)
  })
})

describe('docs/adopt.md', () => {
  const shown = shownIn(read('docs/adopt.md')).map(({ file }) => file)

  test('shows every recipe, and the change of the marketplace', () => {
    const recipes = readdirSync(join(ROOT, 'examples/recipes')).map((file) => `examples/recipes/${file}`)
    expect(new Set(shown)).toEqual(new Set(['examples/existing-marketplace/add-presence.patch', ...recipes]))
  })
})

describe('.changeset', () => {
  const changes = readdirSync(join(ROOT, '.changeset')).filter((file) => file.endsWith('.md') && file !== 'README.md')

  test('says of each change how much of one it is', () => {
    for (const file of changes)
      expect(read(`.changeset/${file}`)).toMatch(/^---\n"porchlight": (?:patch|minor|major)\n---\n\n\S/)
  })

  test('names every change of this version in the changelog, which people read', () => {
    expect(read('CHANGELOG.md').includes('## Unreleased')).toBe(changes.length > 0)
  })
})

describe('docs/pictures', () => {
  const pictures = readdirSync(join(ROOT, 'docs/pictures'))
  const tests = readdirSync(join(ROOT, 'test/e2e')).filter((file) => file.endsWith('.test.ts'))
  const taken = tests.flatMap((file) =>
    [...read(`test/e2e/${file}`).matchAll(/photograph\(.*, ['`](.+)['`]\)/g)].map(([, name = '']) => name),
  )

  test.each(pictures)('%s is shown by a page, and taken by a browser test', (picture) => {
    const shown = pages.filter((page) => new RegExp(`!\\[.+\\]\\(\\S*pictures/${picture}\\)`).test(read(page)))
    expect(shown).not.toEqual([])
    const isOf = (name: string) => new RegExp(`^${name.replaceAll(/\$\{\w+\}/g, '\\w+')}\\.png$`).test(picture)
    expect(taken.filter(isOf)).toHaveLength(1)
  })
})

describe('every page', () => {
  test('is found', () => {
    expect(pages).toEqual(expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'docs/spec.md']))
  })

  test.each(pages)('%s links to what exists', (page) => {
    const missing = linksIn(read(page)).filter((link) => !existsSync(join(ROOT, dirname(page), link)))
    expect(missing).toEqual([])
  })

  test.each(pages)('%s shows files as they are', (page) => {
    for (const { file, code } of shownIn(read(page))) expect(code, file).toBe(read(file))
  })

  test.each(pages.filter((page) => page !== 'CHANGELOG.md'))('%s names only sources that exist', (page) => {
    const named = [
      ...read(page).matchAll(/`((?:src|test|demo|scripts|docs|bench|examples)\/[\w./-]+\.(?:ts|tsx|js|md|css))`/g),
    ]
    const missing = named.map(([, file = '']) => file).filter((file) => !existsSync(join(ROOT, file)))
    expect(missing).toEqual([])
  })
})

/** What a page shows of a file that it names above: its path and the block of code. */
function shownIn(page: string): { file: string; code: string }[] {
  const blocks = page.matchAll(/^<!-- (\S+) -->\n\n```\w+\n([\s\S]*?)^```$/gm)
  return [...blocks].map(([, file = '', code = '']) => ({ file, code }))
}

/** Cells of every row of every table of a page, without the rules between head and body. */
function tableRows(page: string): string[][] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
}

/** Names of the events that the two interfaces of the wire declare. */
function eventsOf(source: string): string[] {
  const interfaces = source.matchAll(/interface (?:ClientToServer|ServerToClient) \{([\s\S]*?)\n\}/g)
  return [...interfaces].flatMap(([, body = '']) => [...body.matchAll(/^ {2}(\w+): \(/gm)].map(([, name = '']) => name))
}

/** Relative targets of links and images, without their fragments. */
function linksIn(page: string): string[] {
  const withoutCode = page.replaceAll(/^```[\s\S]*?^```$/gm, '')
  return [...withoutCode.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target.replace(/#.*$/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
}

function markdownIn(folder: string, recursive: boolean): string[] {
  return readdirSync(join(ROOT, folder), { recursive, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
}
