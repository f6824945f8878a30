import { ConnectionError } from 'sequelize'
import { expect, test } from 'vitest'
import { asUnavailable } from './database.ts'

test.each<[name: string, error: Error]>([
  ['there is none', new ConnectionError(new Error('refused'))],
  ['it breaks while it is being prepared', new Error('Connection terminated unexpectedly')],
])('R50 a connection that cannot be used is worth a retry: %s', (_name, error) => {
  expect(asUnavailable(error)).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true, cause: error })
})

test('a mistake of ours travels on as it is', () => {
  const mistake = new TypeError('x is not a function')
  expect(asUnavailable(mistake)).toBe(mistake)
})
