import { expect, test } from 'vitest'
import { createWishes } from './wishes.ts'

test('R40 wishes are counted, told once for all that changed in one go, and not when nothing did', async () => {
  const told: string[][] = []
  const wishes = createWishes((userIds) => told.push([...userIds]))
  const first = wishes.add(['marta', 'luc'])
  const second = wishes.add(['marta', 'marta'])
  expect(told).toEqual([])
  await Promise.resolve()
  first()
  first()
  await Promise.resolve()
  second()
  wishes.add(['marta'])
  await Promise.resolve()
  expect(told).toEqual([['marta', 'luc'], ['marta']])
})

test('a wish is what it was when it was made', async () => {
  const told: string[][] = []
  const wishes = createWishes((userIds) => told.push([...userIds]))
  const list = ['marta']
  const end = wishes.add(list)
  list.push('luc')
  await Promise.resolve()
  end()
  await Promise.resolve()
  expect(told).toEqual([['marta'], []])
})
