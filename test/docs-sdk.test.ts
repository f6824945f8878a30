import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CONNECTION_TABLE } from '../src/client/connection-state.ts'
import { PRESENCE_ERROR_CODES } from '../src/domain/errors.ts'
import { COLOURS } from '../src/react/status-shapes.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

describe('docs/client.md', () => {
  const page = read('docs/client.md')
  const contract = read('src/client/contract.ts')

  test('R45 shows the states of the connection as they are', () => {
    const [head = [], ...rows] = tableUnder(page, 'The connection')
    const shown = rows.map(([state, ...cells]) => [
      state,
      Object.fromEntries(cells.map((next, index) => [head[index + 1], next])),
    ])
    expect(Object.fromEntries(shown)).toEqual(CONNECTION_TABLE)
  })

  test('tells every option, and its default', () => {
    const [, ...rows] = tableUnder(page, 'Options')
    expect(rows.map(([name, value = '']) => [name, plain(value)])).toEqual(
      membersOf(contract, 'PresenceClientOptions').map(({ name, value }) => [name, value]),
    )
  })

  test.each(['PresenceClient', 'OwnPresence'])('names everything that a %s offers', (name) => {
    const members = membersOf(contract, name)
    expect(members.length).toBeGreaterThan(4)
    expect(members.filter((member) => !new RegExp(`\`(?:own\\.)?${member.name}\\b`).test(page))).toEqual([])
  })

  test('tells the states of a watched search, and its fields', () => {
    const [, statuses = ''] =
      /readonly status: (('\w+'(?: \| )?)+)\n/.exec(contract.split('ProviderSearchState')[1] ?? '') ?? []
    const tables = tablesUnder(page, 'Watched searches').map(([, ...rows]) => rows.map(([name]) => name))
    expect(tables[0]).toEqual(membersOf(contract, 'ProviderSearchState').map(({ name }) => name))
    expect(tables[1]).toEqual([...statuses.matchAll(/'(\w+)'/g)].map(([, status]) => status))
    const steady = membersOf(read('src/client/search/steady-search.ts'), 'SteadySearchState')
    expect(tables[2]).toEqual(steady.map(({ name }) => name))
  })

  test('R52 names codes that exist: the server’s, and those that only the SDK makes', () => {
    const [, ...rows] = tableUnder(page, 'Errors')
    const own = [...read('src/client/request.ts').matchAll(/RequestError\('([A-Z_]+)'/g)].map(([, code]) => code)
    const shown = rows.map(([code]) => code ?? '')
    expect(new Set(own)).toEqual(new Set(['NOT_CONNECTED', 'NO_ANSWER']))
    expect(shown.slice(0, 3)).toEqual(['NOT_CONNECTED', 'NO_ANSWER', 'HTTP_<status>'])
    expect(shown.slice(3).filter((code) => !PRESENCE_ERROR_CODES.some((known) => known === code))).toEqual([])
  })

  test('gives every reason for which a connection is closed', () => {
    const [, reasons = ''] = /type CloseReason = (.*)/.exec(contract) ?? []
    const named = [...reasons.matchAll(/'([^']+)'/g)].map(([, reason]) => reason)
    expect(named.length).toBeGreaterThan(2)
    const tables = tablesUnder(page, 'The connection')
    expect(tables[1]?.slice(1).map(([reason]) => reason)).toEqual(named)
  })
})

describe('docs/react.md', () => {
  const page = read('docs/react.md')
  const index = read('src/react/index.ts')

  test('names everything that is exported, but types', () => {
    const names = [...index.matchAll(/^export \{ (.*) \} from/gm)]
      .flatMap(([, list = '']) => list.split(', '))
      .filter((name) => !name.startsWith('type '))
    expect(names.length).toBeGreaterThan(10)
    expect(names.filter((name) => !new RegExp(`\`<?${name}\\b`).test(page))).toEqual([])
  })

  test.each([
    ['The provider', 0, 'presence-provider.tsx', 'PresenceProviderProps'],
    ['Components', 0, 'presence-dot.tsx', 'PresenceDotProps'],
    ['Components', 1, 'last-seen.tsx', 'LastSeenProps'],
    ['Components', 2, 'status-mark.tsx', 'StatusMarkProps'],
    ['Languages', 0, 'words.ts', 'PresenceWords'],
  ])('tells the names and defaults under "%s" (%i)', (heading, nth, file, shape) => {
    const [, ...rows] = tablesUnder(page, heading)[nth] ?? []
    const members = membersOf(read(`src/react/${file}`), shape).filter(({ name }) => name !== 'children')
    expect(members.length).toBeGreaterThan(2)
    expect(rows.map(([name, value = '']) => [name, plain(value)])).toEqual(
      members.map(({ name, value }) => [name, value]),
    )
  })

  test('tells every colour that a page can set', () => {
    const [, ...rows] = tableUnder(page, 'Styling')
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(COLOURS).map(([status, colour]) => [`--porchlight-${status}`, colour])),
    )
  })
})

/** Members of an interface in their order, with what their docstring says of the default. */
function membersOf(source: string, name: string): { name: string; value: string }[] {
  const [, body = ''] = new RegExp(`interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(source) ?? []
  const members = body.matchAll(/(\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*)?^ {2}(?:readonly )?(\w+)(\??)[(:<]/gm)
  return [...members].map(([, comment = '', member = '', optional]) => {
    const [, value] = /@default (.+?)(?=\s*\*\/|\n|$)/.exec(comment) ?? []
    return { name: member, value: plain(value ?? (optional === '?' ? '–' : 'required')) }
  })
}

/** A default without the quotes and marks that code and page write differently. */
const plain = (text: string): string => text.replaceAll(/['`_,]/g, '')

const tableUnder = (page: string, heading: string): string[][] => tablesUnder(page, heading)[0] ?? []

/** Tables below a heading and above the next one, as cells without their backticks, without the rule below the head. */
function tablesUnder(page: string, heading: string): string[][][] {
  const [section = ''] = page.split(`\n## ${heading}\n`)[1]?.split('\n## ') ?? []
  return [...section.matchAll(/(?:^\|.*\n)+/gm)].map(([table]) =>
    table
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('| ---'))
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim().replace(/^`([^`]*)`$/, '$1')),
      ),
  )
}
