import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CHANGES } from './support/protocol-changes.ts'
import { playChange } from './support/play-change.ts'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'protocol.md'), 'utf8')
const table = tableOf(page, '## What each change tells')

test('R14 R33 R40 the table of docs/protocol.md has every change that can be played, in order', () => {
  expect(table.map(({ change }) => change)).toEqual(Object.keys(CHANGES))
})

test.each(table)('R14 R33 R40 $change: what docs/protocol.md says is what happens', async ({ change, rows }) => {
  expect(await playChange(change)).toEqual(rows)
})

/** The rows of the one table of a section, those of one change together: the first cell stands once. */
function tableOf(page: string, heading: string): { change: string; rows: string[][] }[] {
  const [, section = ''] = page.split(`${heading}\n`)
  const lines =
    section
      .split(/\n## /)[0]
      ?.split('\n')
      .filter((line) => line.startsWith('| ')) ?? []
  const changes: { change: string; rows: string[][] }[] = []
  for (const line of lines.slice(2)) {
    const [change = '', ...cells] = line
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replaceAll('`', '').trim())
    if (change === '') changes.at(-1)?.rows.push(cells)
    else changes.push({ change, rows: [cells] })
  }
  return changes
}
