import { QueryTypes } from 'sequelize'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { defineMarketplace } from './models.ts'
import { migrateMarketplace, rollbackMarketplace } from './schema.ts'
import { seedIfEmpty, seedMarketplace } from './seed.ts'
import { seedProvider } from './seed-people.ts'

let database: TestDatabase

beforeEach(async () => {
  database = await createTestDatabase()
})

afterEach(() => database.drop())

describe('the marketplace', () => {
  test('is migrated once by two nodes that start together, and can be taken away and made again', async () => {
    const { sequelize } = database
    const applied: string[] = []
    const node = () => migrateMarketplace(sequelize, (line) => applied.push(line))
    await Promise.all([node(), node()])
    expect(applied).toEqual(['marketplace: applied 001-directory'])
    await rollbackMarketplace(sequelize)
    await rollbackMarketplace(sequelize)
    expect(await tables()).toEqual(['marketplace_migrations'])
    await migrateMarketplace(sequelize)
    expect(await tables()).toContain('provider_cards')
  })

  test('is seeded once by two nodes that start together', async () => {
    const { sequelize } = database
    await migrateMarketplace(sequelize)
    const node = () => seedIfEmpty(sequelize, { providers: 30, clients: 5, staff: 1 })
    expect((await Promise.all([node(), node()])).sort((a, b) => a - b)).toEqual([0, 36])
    expect(await defineMarketplace(sequelize).User.count()).toBe(36)
  })

  test('grows by a larger seed, and those who were there stay as they are', async () => {
    const { sequelize } = database
    await migrateMarketplace(sequelize)
    await seedMarketplace(sequelize, { providers: 30, clients: 5 })
    const before = await cards()
    const progress: number[] = []
    const onProgress = (done: number, total: number) => progress.push(done, total)
    expect(await seedMarketplace(sequelize, { providers: 2_100, clients: 5, onProgress })).toBe(2_070)
    expect(progress).toEqual([2_006, 2_106, 2_106, 2_106])
    expect(await cards()).toEqual(expect.arrayContaining(before))
    expect(await seedMarketplace(sequelize, { providers: 2_100, clients: 5 })).toBe(0)
  })

  test('has many plumbers in Lyon, some of them lively', async () => {
    const people = Array.from({ length: 5_000 }, (_, index) => seedProvider(index))
    const plumbers = people.filter(({ city, trades }) => city === 0 && trades.includes(0))
    expect(plumbers.length).toBeGreaterThanOrEqual(100)
    expect(plumbers.filter(({ simulated }) => simulated).length).toBeGreaterThanOrEqual(30)
    const lively = people.filter(({ simulated }) => simulated).length
    expect(lively / people.length).toBeGreaterThan(0.08)
    expect(lively / people.length).toBeLessThan(0.12)
    expect(new Set(people.map(({ id }) => id)).size).toBe(5_000)
  })

  test('makes the same person from the same number, on every machine', () => {
    expect(seedProvider(7)).toMatchInlineSnapshot(`
      {
        "about": "25 years, references from the whole street. Usually answers within the hour.",
        "city": 0,
        "created_at": "2024-05-14T00:00:00.000Z",
        "id": "e1a6cec7-6c26-5f6d-830f-d657c25fcf0d",
        "name": "Étienne Dubois",
        "price": 24,
        "rating": 3.6,
        "reviews": 234,
        "role": "provider",
        "simulated": false,
        "trades": [
          3,
        ],
      }
    `)
  })
})

async function cards(): Promise<object[]> {
  return database.sequelize.query('select * from provider_cards order by id', { type: QueryTypes.SELECT })
}

async function tables(): Promise<string[]> {
  const sql = `select table_name from information_schema.tables where table_schema = 'public' order by table_name`
  const rows = await database.sequelize.query<{ table_name: string }>(sql, { type: QueryTypes.SELECT })
  return rows.map(({ table_name }) => table_name)
}
