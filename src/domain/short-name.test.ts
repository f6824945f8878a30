import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { SHORT_NAME_LENGTH, shortName } from './short-name.ts'

test('is always the same, of one length, and safe in an address', () => {
  expect(shortName('0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e01')).toBe(shortName('0b9b2a54-6a2e-4d3c-9a53-3a2f0d7c1e01'))
  for (const name of ['', '1', 'Łukasz', randomUUID()]) {
    expect(shortName(name)).toMatch(/^[A-Za-z0-9_-]+$/)
    expect(shortName(name)).toHaveLength(SHORT_NAME_LENGTH)
  }
})

test('tells ids apart, those that differ in one digit included', () => {
  const numbers = Array.from({ length: 100_000 }, (_, i) => String(i))
  const uuids = Array.from({ length: 100_000 }, () => randomUUID())
  expect(new Set([...numbers, ...uuids].map(shortName)).size).toBe(200_000)
})
