import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { closableOf, pauseAfter, readWorkers } from './workers.ts'

describe('workers that die', () => {
  test('are replaced after longer and longer pauses while they die of starting, up to a bound', () => {
    const pauses: number[] = []
    for (let i = 0; i < 9; i++) pauses.push(pauseAfter(1_000, pauses.at(-1) ?? 0))
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
  })

  test('are replaced soon when they lived for long', () => {
    expect(pauseAfter(30_000, 15_000)).toBe(250)
  })
})

describe('the number of workers', () => {
  test('R52 is whole, and within bounds', () => {
    expect(readWorkers('2', { redis: 'redis://somewhere' })).toBe(2)
    for (const wrong of ['0', '65', '-1', '1.5', 'two', '']) {
      expect(() => readWorkers(wrong, { redis: 'redis://somewhere' })).toThrow(`is "${wrong}", needs a whole number`)
    }
  })

  test('R8 is one without a Redis to share', () => {
    expect(readWorkers('1', {})).toBe(1)
    expect(() => readWorkers('2', {})).toThrow(/REDIS_URL/)
  })
})

test('R54 a worker is closed when its last request is answered', async () => {
  const http = createServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  const said: string[] = []
  const closable = closableOf(http, () => said.push('closing'))
  const asking = fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}`)
  const [, response] = (await once(http, 'request')) as [unknown, ServerResponse]
  const closed = new Promise<void>((resolve) => {
    closable.close(() => {
      said.push('closed')
      resolve()
    })
  })
  expect(said).toEqual(['closing'])
  response.end()
  expect((await asking).status).toBe(200)
  await closed
  closable.closeAllConnections()
  http.close()

  const idle = closableOf(createServer(), () => {})
  await new Promise<void>((resolve) => void idle.close(resolve))
})
