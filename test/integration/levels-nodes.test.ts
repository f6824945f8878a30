import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

// Who may see what when the user is on one node and those who watch are on another, with PostgreSQL and Redis between them.

describe.each(['redisUrl', 'redisClusterUrl'] as const)('levels on two nodes (%s)', (url) => {
  let database: TestDatabase
  let a: Marketplace
  let b: Marketplace
  let next = 0
  const dealings = new Set<string>()

  beforeAll(async () => {
    database = await createTestDatabase({ marketplace: true })
    const relation = (viewerId: string, userId: string) => dealings.has(`${viewerId} ${userId}`)
    const world = { database, clock: () => Date.now(), relation }
    const env = { REDIS_URL: inject(url), PRESENCE_REDIS_PREFIX: `test-${randomUUID()}` }
    a = await startMarketplace(env, world)
    b = await startMarketplace(env, world)
  })
  afterAll(async () => {
    await Promise.all([a, b].map((node) => node.stop()))
    await database.drop()
  })

  interface World {
    readonly marta: Person
    readonly contact: Client
    readonly stranger: Client
    readonly people: { readonly contact: Person; readonly stranger: Person }
    /** Somebody else whom both watch: what they hear of her shows what they have not heard before. */
    readonly marker: Person
  }

  /** Marta is online at node A; a contact and a stranger watch her at node B. */
  async function world(): Promise<World> {
    const somebody = (): Promise<Person> => a.person('provider', (next += 1))
    const [marta, marker, contact, stranger] = [await somebody(), await somebody(), await somebody(), await somebody()]
    dealings.add(`${contact.id} ${marta.id}`)
    await a.connect(marta)
    const watch = async (person: Person): Promise<Client> => {
      const client = await b.connect(person)
      await client.ask('watch', { users: [marta.id, marker.id] })
      client.forget()
      return client
    }
    return {
      marta,
      marker,
      contact: await watch(contact),
      stranger: await watch(stranger),
      people: { contact, stranger },
    }
  }

  const decide = (as: Person, json: object) => a.http('/api/users/presence/settings', { method: 'PATCH', as, json })
  const seenBy = async (node: Marketplace, as: Person, { id }: Person) =>
    (await node.http(`/api/users/presence/${id}`, { as })).body

  /** What a client heard of somebody since it had heard so much. */
  const mentions = ({ heard }: Client, { id }: Person, from: number) =>
    heard.slice(from).filter(([, payload]) => payload['userId'] === id)

  test('R32 R36 narrowing retracts from exactly those who may not see any more', async () => {
    const { marta, marker, contact, stranger, people } = await world()
    const from = contact.heard.length
    await decide(marta, { status_audience: 'contacts' })
    await stranger.hears('userOffline', { userId: marta.id })
    await a.connect(marker)
    await Promise.all([contact, stranger].map((client) => client.hears('userOnline', { userId: marker.id })))
    expect(mentions(contact, marta, from)).toEqual([])
    // Each is told once.
    expect(mentions(stranger, marta, 0).filter(([event]) => event === 'userOffline')).toHaveLength(1)
    expect(await seenBy(b, people.contact, marta)).toMatchObject({ online_status: 'online' })
    expect(await seenBy(b, people.stranger, marta)).toMatchObject({ online_status: 'offline' })
    const heard = stranger.heard.length
    await decide(marta, { status_audience: 'nobody' })
    await contact.hears('userOffline', { userId: marta.id })
    expect(mentions(stranger, marta, heard)).toEqual([])
  })

  test('R37 a block beats all on every node, and is stored', async () => {
    const { marta, contact, stranger, people } = await world()
    const path = `/api/users/presence/blocks/${people.contact.id}`
    expect((await a.http(path, { method: 'PUT', as: marta })).status).toBe(204)
    await contact.hears('presenceUpdate', { userId: marta.id, status: 'offline', last_seen: null })
    const from = contact.heard.length
    await a.http('/api/users/presence/status', { method: 'PATCH', as: marta, json: { status: 'dnd' } })
    await stranger.hears('presenceUpdate', { userId: marta.id, status: 'dnd' })
    expect(mentions(contact, marta, from)).toEqual([])
    const rows = await database.sequelize.query('select blocked from porchlight_blocks where user_id = $1', {
      bind: [marta.id],
    })
    expect(rows[0]).toEqual([{ blocked: true }])
    expect((await a.http(path, { method: 'DELETE', as: marta })).status).toBe(204)
    await contact.hears('presenceUpdate', { userId: marta.id, status: 'dnd' })
  })

  test('R36 a relation that changed is heard of on every node', async () => {
    const { marta, marker, contact, stranger, people } = await world()
    await decide(marta, { status_audience: 'contacts' })
    await stranger.hears('userOffline', { userId: marta.id })
    const from = stranger.heard.length
    dealings.add(`${people.stranger.id} ${marta.id}`)
    await a.server.presence.relationChanged(people.stranger.id, marta.id)
    await stranger.hears('userOnline', { userId: marta.id })
    dealings.delete(`${people.contact.id} ${marta.id}`)
    await a.server.presence.relationChanged(people.contact.id, marta.id)
    await contact.hears('userOffline', { userId: marta.id })
    await a.connect(marker)
    await stranger.hears('userOnline', { userId: marker.id })
    expect(mentions(stranger, marta, from).filter(([event]) => event === 'userOffline')).toEqual([])
    expect(mentions(stranger, marta, from).filter(([event]) => event === 'userOnline')).toHaveLength(1)
  })

  test('R36 what strangers may not know is in no search, no count and no column of the host', async () => {
    const { marta } = await world()
    await decide(marta, { status_audience: 'contacts', last_seen_audience: 'contacts' })
    const [row] = (
      await database.sequelize.query('select online_status, last_activity from users where id = $1', {
        bind: [marta.id],
      })
    )[0]
    expect(row).toEqual({ online_status: 'offline', last_activity: null })
    const found = await eventually(
      async () => (await b.http('/api/providers?limit=100&online_status=online,away,dnd')).body.providers,
      (providers: { presence: { userId: string } }[]) =>
        !providers.some(({ presence }) => presence.userId === marta.id),
    )
    expect(found).toBeDefined()
  })
})
