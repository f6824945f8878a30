import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PresenceError } from '../domain/errors.ts'
import { createGuard, type Guard } from './guard.ts'

class Away extends Error {}
const away = () => Promise.reject(new Away('no connection'))
const never = () => new Promise<never>(() => {})
const answer = () => Promise.resolve('answer')

describe('a guard', () => {
  let guard: Guard
  let answers: boolean[]
  let breaks: boolean[]

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    answers = []
    breaks = []
    guard = createGuard({
      name: 'Redis',
      timeoutMs: 100,
      breakerFailures: 3,
      breakerCooldownMs: 1_000,
      isAway: (error) => error instanceof Away,
      onAnswer: (answered) => void answers.push(answered),
      onBreak: (isOpen) => void breaks.push(isOpen),
    })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const outcome = (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error)
  const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryable: true })

  async function breakIt(): Promise<void> {
    for (let i = 0; i < 3; i += 1) await outcome(guard.call(away))
  }

  test('hands on what comes back', async () => {
    expect(await guard.call(answer)).toBe('answer')
    expect(answers).toEqual([true])
  })

  test('R51 R52 words that the other side is away, with the name and the cause', async () => {
    const failure = await outcome(guard.call(away))
    expect(failure).toBeInstanceOf(PresenceError)
    expect(failure).toEqual(unavailable)
    expect((failure as PresenceError).message).toContain('Redis')
    expect((failure as PresenceError).cause).toBeInstanceOf(Away)
    expect(answers).toEqual([false])
  })

  test('R50 R51 a call that hangs fails when its time is over, not before', async () => {
    const failed = vi.fn()
    void outcome(guard.call(never)).then(failed)
    await vi.advanceTimersByTimeAsync(99)
    expect(failed).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(failed).toHaveBeenCalledWith(unavailable)
  })

  test('R51 after so many failures in a row nothing is called any more, and every call fails at once', async () => {
    await breakIt()
    expect(guard.isOpen()).toBe(true)
    const work = vi.fn(answer)
    expect(await outcome(guard.call(work))).toEqual(unavailable)
    expect(work).not.toHaveBeenCalled()
    // A call that was not made says nothing about the other side.
    expect(answers).toEqual([false, false, false])
    expect(breaks).toEqual([true])
  })

  test('one success between failures keeps it shut', async () => {
    for (let i = 0; i < 5; i += 1) {
      await outcome(guard.call(away))
      await outcome(guard.call(away))
      await guard.call(answer)
    }
    expect(guard.isOpen()).toBe(false)
    expect(breaks).toEqual([])
  })

  test('R51 after the pause one call tries; its success lets all through again', async () => {
    await breakIt()
    await vi.advanceTimersByTimeAsync(1_000)
    const first = vi.fn(answer)
    const second = vi.fn(answer)
    expect(await Promise.all([guard.call(first), guard.call(second)])).toEqual(['answer', 'answer'])
    expect(guard.isOpen()).toBe(false)
    expect(breaks).toEqual([true, false])
  })

  test('R51 while one call tries, the others neither pile up behind it nor are made when it fails', async () => {
    await breakIt()
    await vi.advanceTimersByTimeAsync(1_000)
    const trying = outcome(guard.call(never))
    const work = vi.fn(answer)
    const others = Array.from({ length: 10 }, () => outcome(guard.call(work)))
    await vi.advanceTimersByTimeAsync(100)
    expect(await Promise.all([trying, ...others])).toEqual(Array.from({ length: 11 }, () => unavailable))
    expect(work).not.toHaveBeenCalled()
    expect(guard.isOpen()).toBe(true)
  })

  test('R52 a refusal of the other side travels on unchanged, and is an answer', async () => {
    const refusal = new Error('syntax error')
    for (let i = 0; i < 5; i += 1) {
      const failure = await outcome(guard.call(() => Promise.reject(refusal)))
      expect(failure).toBe(refusal)
    }
    expect(guard.isOpen()).toBe(false)
    expect(answers).toEqual([true, true, true, true, true])
  })
})
