import { pino } from 'pino'
import { DatabaseError } from 'sequelize'
import { describe, expect, test } from 'vitest'
import { discreetLogger, withoutTelltales } from './discreet.ts'

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e'

describe('R35 a log', () => {
  function lineOf(err: unknown): string {
    const lines: string[] = []
    const log = discreetLogger(pino({ base: null }, { write: (line) => void lines.push(line) }))
    log.error({ err, sessionId: 's1' }, 'a call failed')
    return lines.join('')
  }

  test.each([
    [`no user ${ID}`, 'no user <id>'],
    ['connect from 203.0.113.9 refused', 'connect from <address> refused'],
    ['from 2001:db8::7, again', 'from <address>, again'],
    ['fe80:0:0:0:1:2:3:4', '<address>'],
    ['mail to ada@example.org failed', 'mail to <email> failed'],
    ['invalid input syntax for type uuid: "Gone "fishing""', 'invalid input syntax for type uuid: "…"'],
    ['Key (user_id)=(17) is not there', 'Key (user_id)=(…) is not there'],
    ['token eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0. refused', 'token <token> refused'],
    ["Cannot read properties of undefined (reading 'close')", "Cannot read properties of undefined (reading 'close')"],
    ['no answer within 500 ms at 12:30:05', 'no answer within 500 ms at 12:30:05'],
  ])('says of %s: %s', (words, said) => {
    expect(withoutTelltales(words)).toBe(said)
  })

  test('names the failure, its code and its place, and nothing that it was about', () => {
    const parent = Object.assign(new Error('duplicate key value violates "user_sessions_pkey"'), {
      code: '23505',
      detail: `Key (id)=(${ID}) already exists.`,
      sql: 'insert',
    })
    const statement = new DatabaseError(Object.assign(parent, { parameters: { 1: '203.0.113.9' } }))
    Object.assign(statement, { body: '{"message":"Gone fishing"}' })
    const line = lineOf(new Error('not stored', { cause: statement }))
    expect(line).toContain('"sessionId":"s1"')
    expect(line).toContain('SequelizeDatabaseError')
    expect(line).toContain('discreet.test.ts')
    expect(line).not.toMatch(/203\.0|fishing|0f8fad5b|pkey/)
    expect(lineOf(statement)).toContain('"code":"23505"')
    expect(lineOf(`thrown ${ID}`)).not.toContain(ID)
  })

  test('tells which server of ours is not there', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:6379'), { syscall: 'connect', code: 'X' })
    expect(lineOf(refused)).toContain('10.0.0.7:6379')
  })
})
