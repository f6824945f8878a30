import { afterEach, expect, test, vi } from 'vitest'
import { PresenceError } from '../domain/errors.ts'
import { createLogger } from '../telemetry/logger.ts'
import { moderate } from './moderate.ts'

const log = createLogger('silent')
const deps = { log, moderationTimeoutMs: 2_000 }

afterEach(() => vi.useRealTimers())

test('R15 the host’s word is stored, and without a host the message is', async () => {
  expect(await moderate({ ...deps, moderateMessage: undefined }, 'Hello', 'ada')).toBe('Hello')
  expect(await moderate({ ...deps, moderateMessage: (message) => message.toUpperCase() }, 'Hello', 'ada')).toBe('HELLO')
  expect(await moderate({ ...deps, moderateMessage: async () => null }, 'Hello', 'ada')).toBeNull()
})

test('R15 a refusal of the host keeps its code', async () => {
  const refuse = () => {
    throw new PresenceError('MESSAGE_REJECTED', 'Say it differently.')
  }
  await expect(moderate({ ...deps, moderateMessage: refuse }, 'Hello', 'ada')).rejects.toMatchObject({
    code: 'MESSAGE_REJECTED',
  })
})

test('R15 a check that fails, at once or later, lets nothing through', async () => {
  const broken = () => {
    throw new TypeError('no such word list')
  }
  const closed = { code: 'STORE_UNAVAILABLE', retryable: true }
  await expect(moderate({ ...deps, moderateMessage: broken }, 'Hello', 'ada')).rejects.toMatchObject(closed)
  const failing = () => Promise.reject(new Error('service down'))
  await expect(moderate({ ...deps, moderateMessage: failing }, 'Hello', 'ada')).rejects.toMatchObject(closed)
})

test('R15 a check that never answers is given up, and lets nothing through', async () => {
  vi.useFakeTimers()
  const asked = moderate({ ...deps, moderateMessage: () => new Promise(() => {}) }, 'Hello', 'ada')
  const outcome = expect(asked).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true })
  await vi.advanceTimersByTimeAsync(2_000)
  await outcome
})
