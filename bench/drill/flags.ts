import { rename, writeFile } from 'node:fs/promises'
import { createOpenFeatureFlags } from '../../src/flags/openfeature-flags.ts'

/** For whom presence is on: nobody, or staff and so many of a hundred of all others. */
export type Rule = 'off' | number

/** Puts the rule in place of the one before, as configuration tools do: nobody reads half a file. */
export async function writeFlags(file: string, rule: Rule): Promise<void> {
  const draft = `${file}.draft`
  await writeFile(draft, JSON.stringify({ flags: { presence: flagOf(rule) } }))
  await rename(draft, file)
}

const flagOf = (rule: Rule) => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  ...(rule !== 'off' && { targeting: { if: [{ '==': [{ var: 'role' }, 'staff'] }, 'on', partOf(rule)] } }),
})

const partOf = (percent: number) => ({
  fractional: [
    ['on', percent],
    ['off', 100 - percent],
  ],
})

/** Which members the file lets in, as this process reads it: no node is asked. */
export async function membersIn(file: string, userIds: readonly string[]): Promise<string[]> {
  const refuse = (error: Error): never => {
    throw error
  }
  const flags = createOpenFeatureFlags({ file }, { onRefused: refuse })
  await flags.open()
  try {
    const on = await Promise.all(userIds.map((id) => flags.isOn(id, { role: 'member' })))
    return userIds.filter((_id, n) => on[n])
  } finally {
    await flags.close()
  }
}
