import { describe, expect, test, vi } from 'vitest'
import type { Attributes, Flags } from '../../flags/contract.ts'
import { createDecisions } from './decisions.ts'

/** Rules that the test states, and what was asked. */
function stage({ fallback = false } = {}) {
  const state = {
    rule: (_userId: string | null, _attributes: Attributes): boolean | null => false,
    attributes: new Map<string, Attributes>(),
    standing: new Map<string, boolean>(),
    now: 0,
  }
  const flags: Flags = {
    fallback,
    open: async () => {},
    close: async () => {},
    onChange: () => () => {},
    isOn: vi.fn(async (userId, attributes) => state.rule(userId, attributes)),
    attributesOf: vi.fn(async () => state.attributes),
  }
  const log = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }
  const decisions = createDecisions({
    flags,
    log,
    standing: (userId) => state.standing.get(userId),
    clock: () => state.now,
  })
  return { state, flags, log, ...decisions }
}

describe('decisions', () => {
  test('R70 go by what the host knows of a user, asked for many at once', async () => {
    const { state, flags, isOn } = stage()
    state.attributes.set('ada', { role: 'staff' })
    state.rule = (_userId, { role }) => role === 'staff'
    expect(await Promise.all(['ada', 'ben', 'carla'].map(isOn))).toEqual([true, false, false])
    expect(flags.attributesOf).toHaveBeenCalledTimes(1)
    expect(flags.attributesOf).toHaveBeenCalledWith(['ada', 'ben', 'carla'])
  })

  test('R70 stay for as long as somebody has a connection, and are asked for anew after a while otherwise', async () => {
    const { state, isOn } = stage()
    state.rule = () => true
    state.standing.set('ada', true)
    expect([await isOn('ada'), await isOn('ben')]).toEqual([true, true])
    state.rule = () => false
    expect([await isOn('ada'), await isOn('ben')]).toEqual([true, true])
    state.now = 60_000
    expect([await isOn('ada'), await isOn('ben')]).toEqual([true, false])
  })

  test('R70 of somebody who is not known are decided, too, without anything that is known of others', async () => {
    const { state, flags, isOn } = stage()
    state.rule = (userId) => userId === null
    expect([await isOn(null), await isOn('ada')]).toEqual([true, false])
    expect(flags.isOn).toHaveBeenCalledWith(null, {})
  })

  test('R70 are those of the rules that hold when they are answered', async () => {
    const { state, isOn, expire } = stage()
    let change = (): void => {
      change = () => {}
      state.rule = () => false
      expire()
    }
    state.rule = () => {
      queueMicrotask(() => change())
      return true
    }
    expect(await isOn('ada')).toBe(false)
  })

  test('R71 are known to be off once they were asked for, by the rules of now', async () => {
    const { isOn, isKnownOff, expire, decide } = stage()
    expect(isKnownOff('ada')).toBe(false)
    await isOn('ada')
    expect(isKnownOff('ada')).toBe(true)
    expire()
    expect(isKnownOff('ada')).toBe(false)
    await decide(['ada'])
    expect(isKnownOff('ada')).toBe(true)
  })
})

describe('R73 while nobody can say', () => {
  test('what was decided last holds, for others the configured default', async () => {
    for (const fallback of [true, false]) {
      const { state, isOn, expire, log } = stage({ fallback })
      state.rule = () => true
      await isOn('ada')
      state.rule = () => false
      await isOn('ben')
      state.rule = () => null
      expire()
      expect(await Promise.all(['ada', 'ben', 'carla'].map(isOn))).toEqual([true, false, fallback])
      expect(log.warn).toHaveBeenCalledTimes(1)
    }
  })

  test('the same when a provider or the host throws', async () => {
    const { state, flags, isOn, expire, log } = stage()
    state.rule = () => true
    await isOn('ada')
    expire()
    vi.mocked(flags.attributesOf).mockRejectedValueOnce(new Error('the directory is away'))
    expect(await isOn('ada')).toBe(true)
    expire()
    state.rule = () => {
      throw new Error('a broken provider')
    }
    expect([await isOn('ada'), await isOn('ben')]).toEqual([true, false])
    expect(log.warn).toHaveBeenCalledTimes(2)
  })
})
