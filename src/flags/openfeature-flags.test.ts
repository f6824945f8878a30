import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { InMemoryProvider, OpenFeature } from '@openfeature/server-sdk'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createFlagFile, definitions, type FlagFile, type Rule, staffAnd } from '../../test/support/flag-file.ts'
import type { Flags } from './contract.ts'
import { createOpenFeatureFlags } from './openfeature-flags.ts'

let opened: { flags: Flags; file?: FlagFile }[] = []
afterEach(async () => {
  for (const { flags, file } of opened.splice(0)) {
    await flags.close()
    file?.remove()
  }
  opened = []
})

async function byFile(rule: Rule) {
  const file = createFlagFile(rule)
  const onRefused = vi.fn()
  const flags = createOpenFeatureFlags({ file: file.path }, { onRefused })
  await flags.open()
  opened.push({ flags, file })
  return { file, flags, onRefused }
}

const example = (name: string): string =>
  readFileSync(join(import.meta.dirname, `../../examples/rollout/${name}.flags.json`), 'utf8')

const changed = (flags: Flags): Promise<void> =>
  new Promise((resolve) => {
    const stop = flags.onChange(() => {
      stop()
      resolve()
    })
  })

describe('a flag file', () => {
  test('R70 the same user has presence whatever node asks, and keeps it while the percentage grows', async () => {
    // A place for each percentage: files are looked at from time to time, and rules are evaluated as they were written.
    const steps = await Promise.all([0, 1, 5, 20, 50, 90, 100].map((percent) => byFile(staffAnd(percent))))
    const twin = await byFile(staffAnd(20))
    await fc.assert(
      fc.asyncProperty(fc.uuid(), async (userId) => {
        const on = await Promise.all(steps.map(({ flags }) => flags.isOn(userId, {})))
        const first = on.indexOf(true)
        expect(on).toEqual(on.map((_one, i) => i >= first))
        expect(on.slice(0, 1)).toEqual([false])
        expect(await twin.flags.isOn(userId, {})).toBe(on[3])
      }),
      { numRuns: 300 },
    )
  })

  test('R70 a percentage is about that many users', async () => {
    const { flags } = await byFile(staffAnd(30))
    const on = await Promise.all(Array.from({ length: 2_000 }, () => flags.isOn(randomUUID(), {})))
    expect(on.filter(Boolean).length / on.length).toBeCloseTo(0.3, 1)
  })

  test('R70 what is written there holds without a restart, and is told once', async () => {
    const { file, flags } = await byFile('off')
    const told = vi.fn()
    flags.onChange(told)
    const heard = changed(flags)
    file.set('on')
    await heard
    expect([await flags.isOn('ada', {}), await flags.isOn(null, {})]).toEqual([true, true])
    expect(told).toHaveBeenCalledTimes(1)
  })

  test('R73 what cannot be used is left alone later, with a sentence, until it can be', async () => {
    const { file, flags, onRefused } = await byFile('on')
    const told = vi.fn()
    flags.onChange(told)
    const unusable: [text: string, sentence: RegExp][] = [
      ['{ "flags": ', /no flagd definition/],
      [definitions('on').replace('"presence"', '"presents"'), /no flag presence/],
      [definitions('on').replaceAll('true', '"yes"').replaceAll('false', '"no"'), /have to be true and false/],
      [definitions({ nonsense: [1] }), /rule does not work/],
      [definitions({ if: [true, 'maybe', 'off'] }), /rule does not work/],
    ]
    for (const [text, sentence] of unusable) {
      onRefused.mockClear()
      file.write(text)
      await vi.waitFor(() => expect(onRefused).toHaveBeenCalled(), { timeout: 5_000 })
      expect(onRefused.mock.calls[0]?.[0]).toMatchObject({
        code: 'INVALID_OPTION',
        message: expect.stringMatching(sentence),
      })
      expect(await flags.isOn('ada', {})).toBe(true)
    }
    expect(told).not.toHaveBeenCalled()
    const heard = changed(flags)
    file.set('off')
    await heard
    expect(await flags.isOn('ada', {})).toBe(false)
  })

  test('R73 is refused at the start when it cannot be used', async () => {
    const file = createFlagFile('on')
    file.write('[]')
    const flags = createOpenFeatureFlags({ file: file.path }, { onRefused: vi.fn() })
    await expect(flags.open()).rejects.toMatchObject({ code: 'INVALID_OPTION' })
    file.remove()
    expect(() => createOpenFeatureFlags({}, { onRefused: vi.fn() })).toThrow(/needs a file/)
  })

  test('R70 the examples let in staff and a part of two cities, and nobody', async () => {
    const file = createFlagFile('off')
    file.write(example('presence'))
    const flags = createOpenFeatureFlags({ file: file.path }, { onRefused: vi.fn() })
    await flags.open()
    opened.push({ flags, file })
    const ids = Array.from({ length: 500 }, (_one, i) => `user ${i}`)
    const part = async (attributes: Record<string, string>) =>
      (await Promise.all(ids.map((id) => flags.isOn(id, attributes)))).filter(Boolean).length / ids.length
    expect(await part({ role: 'staff', city: 'Paris' })).toBe(1)
    expect(await part({ city: 'Lyon' })).toBeCloseTo(0.2, 1)
    expect(await part({ city: 'Paris' })).toBe(0)
    expect(await flags.isOn(null, {})).toBe(false)
    const heard = changed(flags)
    file.write(example('off'))
    await heard
    expect(await part({ role: 'staff', city: 'Lyon' })).toBe(0)
  })
})

describe('a provider of the host', () => {
  const rule = (defaultVariant: string) => ({
    porch: { variants: { on: true, off: false }, defaultVariant, disabled: false },
  })

  test('R70 R73 decides, and what it changes holds at once', async () => {
    const domain = randomUUID()
    const provider = new InMemoryProvider(rule('off'))
    const client = OpenFeature.getClient(domain)
    const flags = createOpenFeatureFlags({ client, key: 'porch' }, { onRefused: vi.fn() })
    await flags.open()
    opened.push({ flags })
    // Not there yet: nobody can say.
    await OpenFeature.setProviderAndWait(domain, provider)
    expect(await flags.isOn('ada', {})).toBe(false)
    const heard = changed(flags)
    provider.putConfiguration(rule('on'))
    await heard
    expect(await flags.isOn('ada', {})).toBe(true)
    provider.putConfiguration({})
    expect(await flags.isOn('ada', {})).toBeNull()
    await OpenFeature.clearProviders()
  })
})
