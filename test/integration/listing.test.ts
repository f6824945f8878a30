import { randomUUID } from 'node:crypto'
import { QueryTypes } from 'sequelize'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Status } from '../../src/domain/status.ts'
import { uuidIds } from '../../src/domain/user-id.ts'
import { newRecord, type UserRecord } from '../../src/domain/user-record.ts'
import type { Relisting, DurableStore, ProviderSearch } from '../../src/store/contract.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { migratePresence } from '../../src/store/postgres/migrate.ts'
import { EVERYBODY } from '../contract/durable-store-search.ts'
import { saveDecided } from '../contract/durable-store-people.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const HOST = { usersTable: 'users', idColumn: 'id', userId: uuidIds }
const DIRECTORY = {
  providers: {
    table: 'cards',
    id: 'id',
    city: 'city',
    rating: 'rating',
    price: 'price',
    name: 'name',
    fields: ['id', 'name', 'price'],
  },
  services: { table: 'offers', provider: 'user_id', service: 'service_id' },
  cityType: 'text' as const,
}

let database: TestDatabase
let store: DurableStore
let version = Date.now() * 1_000

beforeEach(async () => {
  database = await createTestDatabase()
  await sql('create table users (id uuid primary key)')
  await sql('create table cards (id uuid primary key, name text, city text, rating numeric, price int)')
  await sql('create table offers (user_id uuid, service_id int)')
  await migratePresence({ sequelize: database.sequelize, ...HOST })
  store = openStore()
})
afterEach(() => database.drop())

const openStore = (): DurableStore =>
  createDurableStore({ sequelize: database.sequelize, ...HOST, nodeId: randomUUID(), directory: DIRECTORY })

const sql = <Row extends object>(text: string, bind: unknown[] = []): Promise<Row[]> =>
  database.sequelize.query<Row>(text, { ...(bind.length > 0 && { bind }), type: QueryTypes.SELECT })

async function addProvider(city: string, services: readonly number[] = [1]): Promise<string> {
  const id = randomUUID()
  await sql('insert into users values ($1)', [id])
  await sql('insert into cards values ($1, $2, $3, 4.5, 30)', [id, `Nobody ${id}`, city])
  await sql('insert into offers select $1, unnest($2::int[])', [id, services])
  return id
}

function observed(userId: string, status: Status): UserRecord {
  version += 1
  const view = { status, lastSeenAt: 1_000, message: null, version }
  return { ...newRecord(userId), version, own: view, stranger: view }
}

const find = (search: Partial<ProviderSearch> = {}) => store.findProviders({ ...EVERYBODY, limit: 100, ...search })
const foundIds = async (search: Partial<ProviderSearch> = {}) => (await find(search)).rows.map(({ userId }) => userId)

const idsOf = (changed: readonly Relisting[]) => changed.map(({ userId }) => userId)

describe('the listing follows the directory', () => {
  test('who is told of is found at once: new, changed, moved to another city, gone', async () => {
    const id = await addProvider('Lyon')
    expect(await foundIds()).toEqual([])
    expect(idsOf(await store.refreshListing([id]))).toEqual([id])
    await store.project([observed(id, 'online')])
    expect(await find({ cityId: 'Lyon', serviceId: '1' })).toMatchObject({
      rows: [{ userId: id }],
      counts: { online: 1 },
    })

    await sql('update cards set price = 50, name = $2 where id = $1', [id, 'Zoë'])
    expect(idsOf(await store.refreshListing([id]))).toEqual([id])
    expect(await foundIds({ price: { min: 50, max: null }, name: 'zoe' })).toEqual([id])
    expect((await find()).rows[0]?.fields).toEqual({ id, name: 'Zoë', price: 50 })

    await sql(`update cards set city = 'Paris' where id = $1`, [id])
    await sql('insert into offers values ($1, 2)', [id])
    expect(await store.refreshListing([id])).toEqual([
      {
        userId: id,
        before: { cityId: 'Lyon', serviceIds: ['1'] },
        after: { cityId: 'Paris', serviceIds: ['1', '2'] },
      },
    ])
    expect((await find({ cityId: 'Lyon' })).counts.online).toBe(0)
    expect(await find({ cityId: 'Paris', serviceId: '2' })).toMatchObject({
      rows: [{ userId: id }],
      counts: { online: 1 },
    })

    await sql('delete from cards where id = $1', [id])
    expect(idsOf(await store.refreshListing([id]))).toEqual([id])
    expect(await find()).toMatchObject({ rows: [], counts: { online: 0 } })
    expect(await store.recountListing()).toBe(0)
  })

  test('what did not change is not written again', async () => {
    const id = await addProvider('Lyon')
    await store.refreshListing([id])
    expect(await store.refreshListing([id, randomUUID()])).toEqual([])
    expect(await store.refreshListingAfter(null, 10)).toEqual({ last: null, compared: 1, changed: [] })
  })

  test('what nobody told of is found by comparing everybody, part by part', async () => {
    const ids = (await Promise.all(Array.from({ length: 25 }, () => addProvider('Lyon')))).toSorted()
    const parts: number[] = []
    for (let after: string | null = null, more = true; more; ) {
      const { last, changed } = await store.refreshListingAfter(after, 10)
      parts.push(changed.length)
      more = last !== null
      after = last
    }
    expect(parts).toEqual([10, 10, 5])
    await sql('delete from cards where id = any($1)', [ids.slice(3, 6)])
    await sql(`update cards set city = 'Nice' where id = $1`, [ids[20]])
    expect(idsOf((await store.refreshListingAfter(null, 10)).changed)).toEqual(ids.slice(3, 6))
    expect(idsOf((await store.refreshListingAfter(ids[12] ?? null, 100)).changed)).toEqual([ids[20]])
    expect(await foundIds()).toHaveLength(22)
  })

  test('a listing that lost its rows is filled again', async () => {
    const id = await addProvider('Lyon')
    await store.refreshListing([id])
    await store.project([observed(id, 'away')])
    await sql('truncate porchlight_presence')
    expect(await foundIds()).toEqual([])
    expect(idsOf(await store.refreshListing([id]))).toEqual([id])
    expect(await store.recountListing()).toBeGreaterThan(0)
    expect(await find()).toMatchObject({ rows: [{ userId: id }], counts: { online: 0, away: 0, dnd: 0 } })
  })

  test("somebody in the directory who is no user is nobody, and in nobody's way", async () => {
    const id = await addProvider('Lyon')
    await sql(`insert into cards values ($1, 'ghost', 'Lyon', 5, 1)`, [randomUUID()])
    expect(idsOf((await store.refreshListingAfter(null, 10)).changed)).toEqual([id])
    expect(await foundIds()).toEqual([id])
  })
})

describe('counts are what is true, whatever happens at once', () => {
  const CITY = 'Lyon'

  test('R20 R32 projections of two nodes, hiding, un-hiding, and a directory that changes', async () => {
    const other = openStore()
    const ids = await Promise.all(Array.from({ length: 12 }, (_, n) => addProvider(CITY, n % 2 ? [1] : [1, 2])))
    await store.refreshListing(ids)
    const statuses: Status[] = ['online', 'away', 'dnd', 'offline']
    for (let round = 0; round < 25; round += 1) {
      const records = (offset: number) =>
        ids.map((id, n) => observed(id, statuses[(n + round + offset) % 4] ?? 'offline'))
      const hide = (node: DurableStore, id: string) => {
        version += 1
        return saveDecided(node, id, round % 2 === 0, version, null)
      }
      await sql('update cards set city = $2 where id = $1', [ids[round % 12], round % 3 ? CITY : 'Nice'])
      await Promise.all([
        store.project(records(0)),
        other.project(records(1).toReversed()),
        ...ids.slice(0, 4).map((id) => hide(store, id)),
        ...ids.slice(2, 6).map((id) => hide(other, id)),
        store.refreshListing(ids.slice(round % 6, (round % 6) + 6)),
      ])
    }
    expect(await store.recountListing()).toBe(0)
  })

  test('whoever is deleted while present is not counted any more', async () => {
    const ids = await Promise.all([addProvider(CITY), addProvider(CITY, [1, 2])])
    await store.refreshListing(ids)
    await store.project(ids.map((id) => observed(id, 'dnd')))
    expect((await find({ cityId: CITY })).counts.dnd).toBe(2)
    await sql('delete from users where id = $1', [ids[1]])
    expect((await find({ cityId: CITY, serviceId: '2' })).counts.dnd).toBe(0)
    expect((await find({ cityId: CITY })).counts.dnd).toBe(1)
    expect(await store.recountListing()).toBe(0)
  })

  test('R8 what an earlier run left present is not counted any more', async () => {
    const ids = await Promise.all([addProvider(CITY), addProvider(CITY)])
    await store.refreshListing(ids)
    await store.project(ids.map((id) => observed(id, 'online')))
    await store.endLeftovers(Date.now())
    expect((await find()).counts.online).toBe(0)
    expect(await store.recountListing()).toBe(0)
  })

  test('counts that are wrong are set right', async () => {
    const id = await addProvider(CITY)
    await store.refreshListing([id])
    await store.project([observed(id, 'online')])
    await sql('update porchlight_counts set online = online + 5')
    expect((await find()).counts.online).not.toBe(1)
    expect(await store.recountListing()).toBe(2)
    expect((await find()).counts.online).toBe(1)
  })
})
