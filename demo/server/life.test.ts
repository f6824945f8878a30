import { once } from 'node:events'
import { createServer } from 'node:http'
import { QueryTypes } from 'sequelize'
import { Server } from 'socket.io'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../test/support/postgres.ts'
import { startLife } from './life.ts'
import { createActor } from './life-actor.ts'

let database: TestDatabase

beforeAll(async () => {
  database = await createTestDatabase({ marketplace: true })
})

afterAll(() => database.drop())

test('simulated providers sign in by themselves, and are gone when life stops', async () => {
  const street = await openStreet()
  const life = await startLife({ ...street.forLife, sequelize: database.sequelize, count: 4, random: () => 0.1 })
  await expect.poll(() => street.arrived.size, { timeout: 5_000 }).toBeGreaterThan(0)
  const sql = 'select user_id from providers where simulated'
  const simulated = await database.sequelize.query<{ user_id: string }>(sql, { type: QueryTypes.SELECT })
  expect(simulated.map(({ user_id }) => `token of ${user_id}`)).toEqual(expect.arrayContaining([...street.arrived]))
  await life.stop()
  await expect.poll(() => street.here()).toBe(0)
  await street.close()
})

test('R3 an actor leaves with a goodbye and vanishes without one', async () => {
  const street = await openStreet()
  const troubles: string[] = []
  const onTrouble = (reason: string) => void troubles.push(reason)
  const actor = createActor({ ...street.forLife, userId: 'ana', deviceType: 'web', onTrouble })
  for (const [depart, reasons] of [
    [() => actor.leave(), ['client namespace disconnect']],
    [() => actor.vanish(), ['transport close', 'transport error']],
    [() => actor.leave(), ['client namespace disconnect']],
  ] as const) {
    actor.arrive()
    await expect.poll(() => street.here()).toBe(1)
    depart()
    expect(actor.isHere()).toBe(false)
    await expect.poll(() => street.here()).toBe(0)
    expect(reasons).toContain(street.goodbyes.at(-1))
  }
  expect(troubles).toEqual([])
  await street.close()
})

test('a refused or tokenless actor reports it and waits for the next turn', async () => {
  const street = await openStreet()
  const troubles: string[] = []
  const options = {
    ...street.forLife,
    deviceType: 'web',
    onTrouble: (reason: string) => void troubles.push(reason),
  } as const
  const stranger = createActor({ ...options, userId: 'stranger' })
  stranger.arrive()
  await expect.poll(() => troubles).toEqual(['who are you?'])
  expect(stranger.isHere()).toBe(false)

  const tokenless = createActor({ ...options, signToken: noToken, userId: 'bob' })
  tokenless.arrive()
  await expect.poll(() => troubles.at(-1)).toBe('no token: Error: no key')
  expect(tokenless.isHere()).toBe(false)
  await street.close()
})

const noToken = (): Promise<string> => Promise.reject(new Error('no key'))

/** A Socket.IO server that lets everybody in but the stranger. */
async function openStreet() {
  const http = createServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  const io = new Server(http)
  const arrived = new Set<string>()
  const goodbyes: string[] = []
  io.use((socket, next) => {
    const token = String(socket.handshake.auth['token'])
    next(token.endsWith('stranger') ? new Error('who are you?') : undefined)
  })
  io.on('connection', (socket) => {
    arrived.add(String(socket.handshake.auth['token']))
    socket.on('disconnect', (reason) => goodbyes.push(reason))
  })
  const address = http.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    arrived,
    goodbyes,
    here: () => io.sockets.sockets.size,
    forLife: { url: `http://127.0.0.1:${port}`, signToken: (userId: string) => `token of ${userId}` },
    close: () => io.close(),
  }
}
