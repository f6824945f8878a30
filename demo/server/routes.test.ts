import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import express from 'express'
import { QueryTypes } from 'sequelize'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { marketplaceRouter } from './routes.ts'
import { seedMember, seedProvider } from './seed-people.ts'

let database: TestDatabase
let demo: RunningServer
let real: RunningServer

beforeAll(async () => {
  database = await createTestDatabase({ marketplace: true })
  demo = await serve(true)
  real = await serve(false)
})

afterAll(async () => {
  await Promise.all([demo.close(), real.close()])
  await database.drop()
})

describe('places and trades', () => {
  test('lists the cities with the most providers first', async () => {
    const { cities } = await demo.get('/api/cities?limit=3')
    expect(cities).toHaveLength(3)
    expect(cities[0]).toMatchObject({ id: 2_996_944, name: 'Lyon', country: 'France', country_code: 'FR' })
    expect(cities[0].providers).toBeGreaterThan(cities[1].providers)
  })

  test.each([
    ['lyo', 'Lyon'],
    ['SAO PAULO', 'São Paulo'],
    ['zuri', 'Zürich'],
    ['york', 'New York City'],
    ['kenya', 'Nairobi'],
  ])('suggests for %s the city of %s', async (typed, name) => {
    const { cities } = await demo.get(`/api/cities?q=${encodeURIComponent(typed)}`)
    expect(cities[0].name).toBe(name)
  })

  test('lists the trades with how many offer them', async () => {
    const { services } = await demo.get('/api/services')
    expect(services).toHaveLength(16)
    expect(services[0]).toMatchObject({ name: 'Plumber', plural: 'plumbers', slug: 'plumber' })
    const [counted] = await database.sequelize.query<{ count: number }>(
      'select count(*)::int as count from provider_services where service_id = $1',
      { bind: [services[0].id], type: QueryTypes.SELECT },
    )
    expect(services[0].providers).toBe(counted?.count)
  })
})

describe('one provider', () => {
  test('is answered with their own fields and what a stranger may know', async () => {
    const { id, name, price, rating } = seedProvider(3)
    const card = await demo.get(`/api/providers/${id.toUpperCase()}`)
    expect(card).toMatchObject({ id, name, price, rating, presence: { userId: id }, seen_by: null })
    expect(card.service_ids[0]).toBe(card.service_id)
    expect(card.services[0]).toBe(card.service)
  })
})

describe('the demo', () => {
  test('signs in as anybody, unless it is off', async () => {
    const { id } = seedMember('client', 0)
    expect(await demo.post('/api/demo/login', JSON.stringify({ user_id: id }))).toEqual({
      token: `client token of ${id}`,
      user: { id, name: expect.any(String), role: 'client' },
    })
    expect((await real.raw('/api/demo/users')).status).toBe(404)
  })

  test('lists everybody of a role exactly once, page by page', async () => {
    const seen: string[] = []
    let cursor = ''
    do {
      const page = await demo.get(`/api/demo/users?role=client&limit=8${cursor && `&cursor=${cursor}`}`)
      seen.push(...page.users.map((user: { id: string }) => user.id))
      cursor = page.next_cursor ?? ''
    } while (cursor !== '')
    expect(new Set(seen)).toEqual(new Set(Array.from({ length: 20 }, (_, index) => seedMember('client', index).id)))
    expect(seen).toHaveLength(20)
    expect(await demo.get('/api/demo/users?role=staff')).toMatchObject({
      users: [{ role: 'staff' }],
      next_cursor: null,
    })
  })

  test('does not accept the cursor of another list', async () => {
    const { next_cursor } = await demo.get('/api/demo/users?role=client&limit=1')
    await refused(`/api/demo/users?role=provider&cursor=${next_cursor}`, 400, 'INVALID_CURSOR')
  })
})

describe('R52 bad input', () => {
  test.each([
    ['/api/cities?limit=0', 400, 'INVALID_QUERY'],
    ['/api/cities?limit=101', 400, 'INVALID_QUERY'],
    ['/api/cities?limit=5&limit=6', 400, 'INVALID_QUERY'],
    ['/api/cities?q=a&q=b', 400, 'INVALID_QUERY'],
    ['/api/providers/42', 400, 'INVALID_ID'],
    ['/api/providers/00000000-0000-4000-8000-000000000000', 404, 'NOT_FOUND'],
    ['/api/demo/users?limit=many', 400, 'INVALID_QUERY'],
    ['/api/demo/users?role=king', 400, 'INVALID_QUERY'],
    ['/api/demo/users?cursor=forged', 400, 'INVALID_CURSOR'],
    ['/api/demo/users?cursor=WyJ1MSIsbnVsbCwiJyBvciAxPTEiXQ', 400, 'INVALID_CURSOR'],
  ])('GET %s is refused with %i %s', refused)

  test.each([
    ['{}', 400, 'INVALID_ID'],
    ['{"user_id":"1"}', 400, 'INVALID_ID'],
    ['{"user_id":', 400, 'INVALID_PAYLOAD'],
    ['{"user_id":"00000000-0000-4000-8000-000000000000"}', 404, 'USER_NOT_FOUND'],
  ])('a login with %s is refused with %i %s', async (body, status, code) => {
    await refused('/api/demo/login', status, code, body)
  })
})

async function refused(path: string, status: number, code: string, body?: string): Promise<void> {
  const response = await demo.raw(path, body)
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toMatch('application/problem+json')
  expect(await response.json()).toMatchObject({ status, code, retryable: false, detail: expect.any(String) })
}

type RunningServer = Awaited<ReturnType<typeof serve>>

async function serve(demo: boolean) {
  const app = express()
  app.use(
    marketplaceRouter({
      sequelize: database.sequelize,
      demo,
      signToken: (userId, role) => `${role} token of ${userId}`,
      withPresence: async (rows, viewerId) =>
        rows.map((row) => ({ ...row, presence: { userId: row.id }, seen_by: viewerId })),
    }),
  )
  const server: Server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const raw = (path: string, body?: string): Promise<Response> => {
    const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: body ?? '' }
    return fetch(`http://127.0.0.1:${port}${path}`, body === undefined ? {} : post)
  }
  return {
    raw,
    get: async (path: string) => (await raw(path)).json(),
    post: async (path: string, body: string) => (await raw(path, body)).json(),
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}
