import { createClient } from 'redis'
import { afterEach, describe, expect, test } from 'vitest'
import { startCuttableProxy } from '../support/cuttable-proxy.ts'
import { startRedis, startRedisCluster, type TestRedis } from '../support/redis.ts'

const undo: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step()
})

/** Says something to a Redis, over a connection that does not come back by itself. */
async function ask(port: number, ...command: string[]): Promise<unknown> {
  const socket = { host: '127.0.0.1', port, reconnectStrategy: false as const }
  const client = createClient({ RESP: 2, socket })
  client.on('error', () => {})
  try {
    await client.connect()
    return await client.sendCommand(command)
  } finally {
    if (client.isOpen) client.destroy()
  }
}

const lives = ({ pid }: TestRedis): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('what tests of many nodes stand on', () => {
  test('a Redis answers, comes back empty after a kill, and is gone after stop', async () => {
    const redis = await startRedis()
    undo.push(redis.stop)
    await ask(redis.port, 'SET', 'who', 'ada')
    expect(await ask(redis.port, 'GET', 'who')).toBe('ada')
    await redis.kill('SIGKILL')
    await expect(ask(redis.port, 'PING')).rejects.toThrow()
    await redis.restart()
    expect(await ask(redis.port, 'GET', 'who')).toBeNull()
    await redis.stop()
    expect(lives(redis)).toBe(false)
  })

  test('a cluster has three masters, each with a replica that took all, and is gone after stop', async () => {
    const cluster = await startRedisCluster()
    undo.push(cluster.stop)
    const masters = await cluster.masters()
    const roles = await Promise.all(cluster.nodes.map(({ port }) => ask(port, 'ROLE') as Promise<string[]>))
    expect(masters).toHaveLength(3)
    expect(roles.filter(([role, , , link]) => role === 'slave' && link === 'connected')).toHaveLength(3)
    await cluster.stop()
    expect(cluster.nodes.filter(lives)).toEqual([])
  })

  test('the way to it breaks, hangs and is mended at will', async () => {
    const redis = await startRedis()
    const way = await startCuttableProxy(redis.port)
    undo.push(redis.stop, way.stop)
    const client = createClient({ socket: { host: '127.0.0.1', port: way.port, reconnectStrategy: false } })
    client.on('error', () => {})
    await client.connect()
    expect(await client.ping()).toBe('PONG')

    way.hang()
    const unanswered = client.ping()
    const ended = expect(unanswered).rejects.toThrow()
    const taken = expect(ask(way.port, 'PING')).rejects.toThrow()
    // What would be answered now, was it not for the way, is heard on another.
    expect(await ask(redis.port, 'PING')).toBe('PONG')
    way.mend()
    await Promise.all([ended, taken])
    expect(await ask(way.port, 'PING')).toBe('PONG')

    way.cut()
    await expect(ask(way.port, 'PING')).rejects.toThrow()
    way.mend()
    expect(await ask(way.port, 'PING')).toBe('PONG')
  })
})
