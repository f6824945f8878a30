import { QueryTypes } from 'sequelize'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { eavesdrop } from '../../test/support/statements.ts'
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
    expect(progress).toEqual([1, 2_106, 6, 2_106, 2_006, 2_106, 2_106, 2_106])
    expect(await cards()).toEqual(expect.arrayContaining(before))
    expect(await seedMarketplace(sequelize, { providers: 2_100, clients: 5 })).toBe(0)
  })

  test('goes on where it was interrupted, and nobody is there by halves meanwhile', async () => {
    const { sequelize } = database
    await migrateMarketplace(sequelize)
    let offers = 0
    const cut = eavesdrop(sequelize, ({ sql }) => {
      if (sql.includes('provider_services') && ++offers === 2) throw new Error('the plug was pulled')
    })
    await expect(seedMarketplace(cut, { providers: 4_100, clients: 5 })).rejects.toThrow('the plug was pulled')
    expect(await defineMarketplace(sequelize).User.count()).toBe(2_006)
    expect(await cards()).toHaveLength(2_000)
    expect(await seedMarketplace(sequelize, { providers: 4_100, clients: 5 })).toBe(2_100)
    const people = await cards()
    expect(people).toHaveLength(4_100)
    const everybody = new Set(Array.from({ length: 4_100 }, (_, index) => seedProvider(index).id))
    expect(new Set(people.map(({ id }) => id))).toEqual(everybody)
    expect(people.every(({ service_ids }) => service_ids.length > 0)).toBe(true)
  })

  test('is seeded whole or not at all when it is found empty', async () => {
    const { sequelize } = database
    await migrateMarketplace(sequelize)
    const onProgress = (done: number) => {
      if (done > 2_000) throw new Error('the plug was pulled')
    }
    await expect(seedIfEmpty(sequelize, { providers: 4_100, onProgress })).rejects.toThrow('the plug was pulled')
    expect(await defineMarketplace(sequelize).User.count()).toBe(0)
  })

  test('two seeds side by side add everybody once', async () => {
    const { sequelize } = database
    await migrateMarketplace(sequelize)
    const added = await Promise.all([1, 2].map(() => seedMarketplace(sequelize, { providers: 2_100, clients: 5 })))
    expect(added.reduce((sum, count) => sum + count)).toBe(2_106)
    expect(await cards()).toHaveLength(2_100)
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

async function cards(): Promise<{ id: string; service_ids: number[] }[]> {
  return database.sequelize.query('select * from provider_cards order by id', { type: QueryTypes.SELECT })
}

async function tables(): Promise<string[]> {
  const sql = `select table_name from information_schema.tables where table_schema = 'public' order by table_name`
  const rows = await database.sequelize.query<{ table_name: string }>(sql, { type: QueryTypes.SELECT })
  return rows.map(({ table_name }) => table_name)
}
