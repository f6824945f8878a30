import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { readCpuMs } from './cpu.ts'

/** A Redis in a process of its own. */
export interface BenchRedis {
  readonly url: string
  /** CPU milliseconds since its start. */
  cpuMs(): number
  /** A number that INFO tells. */
  info(section: string, name: string): Promise<number>
  /** Bytes of the keys whose names end like this. */
  bytesOf(ending: string): Promise<number>
  end(): Promise<void>
}

/** Ports that no connection going out is given. */
const PORTS = { from: 20_000, count: 10_000 }

/** @throws Error with a sentence when there is no redis-server */
export async function startRedis(): Promise<BenchRedis> {
  const home = await mkdtemp(join(tmpdir(), 'porchlight-redis-'))
  const port = await freePort()
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', home]
  const child = spawn(process.env['REDIS_SERVER_PATH'] ?? 'redis-server', settings, {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const onExit = (): void => void child.kill('SIGKILL')
  process.once('exit', onExit)
  await readiness(child)
  const url = `redis://127.0.0.1:${port}`
  const client = await createClient({ url }).connect()
  return {
    url,
    cpuMs: () => readCpuMs(child.pid ?? 0) ?? Number.NaN,
    async info(section, name) {
      const found = new RegExp(`^${name}:([\\d.]+)`, 'm').exec(await client.info(section))
      return Number(found?.[1] ?? Number.NaN)
    },
    async bytesOf(ending) {
      const names = (await client.keys('*')).filter((name) => name.endsWith(ending))
      const sizes = await Promise.all(names.map((name) => client.memoryUsage(name, { SAMPLES: 0 })))
      return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0)
    },
    async end() {
      client.destroy()
      process.off('exit', onExit)
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
      await rm(home, { recursive: true, force: true })
    },
  }
}

async function readiness(child: ChildProcess): Promise<void> {
  const failed = once(child, 'error').then(() => {
    throw new Error('There is no redis-server on the PATH; install it to measure what Redis costs.')
  })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`redis-server ended with ${String(code)}`)
  })
  const ready = new Promise<void>((resolve) => {
    let said = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('Ready to accept connections')) resolve()
    })
  })
  await Promise.race([ready, failed, ended])
  // Whoever loses the race is heard by nobody.
  for (const late of [failed, ended]) late.catch(() => {})
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count)
    const probe = createServer().listen(port, '127.0.0.1')
    const outcome = await Promise.race([
      once(probe, 'listening').then(() => true),
      once(probe, 'error').then(() => false),
    ])
    probe.close()
    if (outcome) return port
  }
}
