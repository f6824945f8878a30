import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** For whom presence is on: everybody, nobody, or whom a rule of flagd says. */
export type Rule = 'on' | 'off' | object

/** A file of flagd definitions that tests edit. */
export interface FlagFile {
  readonly path: string
  set(rule: Rule): void
  /** Writes anything. */
  write(text: string): void
  remove(): void
}

export const STAFF = { '==': [{ var: 'role' }, 'staff'] }

/** Staff, and so many of a hundred of all others. */
export const staffAnd = (percent: number): Rule => ({
  if: [
    STAFF,
    'on',
    {
      fractional: [
        ['on', percent],
        ['off', 100 - percent],
      ],
    },
  ],
})

/** The definitions as an operator writes them. */
export const definitions = (rule: Rule): string =>
  JSON.stringify({
    flags: {
      presence: {
        state: 'ENABLED',
        variants: { on: true, off: false },
        defaultVariant: rule === 'on' ? 'on' : 'off',
        ...(typeof rule === 'object' && { targeting: rule }),
      },
    },
  })

export function createFlagFile(rule: Rule): FlagFile {
  const folder = mkdtempSync(join(tmpdir(), 'flags-'))
  const path = join(folder, 'presence.json')
  const write = (text: string): void => writeFileSync(path, text)
  write(definitions(rule))
  return {
    path,
    write,
    set: (next) => write(definitions(next)),
    remove: () => rmSync(folder, { recursive: true }),
  }
}
