import { randomUUID } from 'node:crypto'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { type Running, runCli } from '../support/process.ts'
import { startRedis } from '../support/redis.ts'

const READY = /ready at (http:\S+)/

describe('starting with a Redis', () => {
  let database: TestDatabase
  let running: Running[]

  beforeEach(async () => {
    database = await createTestDatabase({ marketplace: true })
    running = []
  })
  afterEach(async () => {
    for (const one of running) one.kill('SIGKILL')
    await Promise.all(running.map(({ ended }) => ended))
    await database.drop()
  })

  function serve(env: Record<string, string>): Running {
    const basics = { DATABASE_URL: database.url, PORT: '0', HOST: '127.0.0.1', JWT_SECRET: 'secret', LOG_LEVEL: 'warn' }
    const server = runCli(['serve'], { ...basics, DEMO: 'on', DEMO_LIFE: 'off', ...env })
    running.push(server)
    return server
  }

  const shared = () => ({ REDIS_URL: inject('redisUrl'), PRESENCE_REDIS_PREFIX: `test-${randomUUID()}` })

  test('R52 an address that is none is refused with the variable that it came from', async () => {
    const server = serve({ REDIS_URL: 'redis://127.0.0.1:1,http://elsewhere' })
    expect((await server.ended).code).toBe(1)
    expect(server.output()).toContain('REDIS_URL: needs a URL that starts with redis://')
  })

  test('R52 a Redis that is not there, or does not answer, is told of within seconds', async () => {
    const nobody = serve({ REDIS_URL: 'redis://127.0.0.1:1' })
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as { port: number }
    const mute = serve({ REDIS_URL: `redis://127.0.0.1:${port}` })
    for (const server of [nobody, mute]) {
      expect((await server.ended).code).toBe(1)
      expect(server.output()).toContain('Redis cannot be reached. Check REDIS_URL')
    }
    silent.close()
  })

  test('R8 a process that keeps presence in memory and nodes that share it refuse each other', async () => {
    const store = shared()
    await serve(store).prints(READY)
    const alone = serve({})
    expect((await alone.ended).code).toBe(1)
    expect(alone.output()).toContain('set REDIS_URL for both')

    running[0]?.kill('SIGTERM')
    await running[0]?.ended
    await serve({}).prints(READY)
    const node = serve(store)
    expect((await node.ended).code).toBe(1)
    expect(node.output()).toContain('A process without Redis keeps the presence of this database')
  })

  test('a Redis that evicts is warned of, because it would forget who is here', async () => {
    const redis = await startRedis(['--maxmemory-policy', 'allkeys-lru'])
    const server = serve({ REDIS_URL: redis.url })
    await server.prints(READY)
    expect(server.output()).toContain('maxmemory-policy allkeys-lru')
    server.kill('SIGTERM')
    await server.ended
    await redis.stop()
  })
})
