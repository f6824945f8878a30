import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'redis'
import { freePort } from './free-port.ts'

const PROGRAM = process.env['REDIS_SERVER_PATH'] ?? 'redis-server'

/** Longest wait for a connection: a machine that is busy with other things is no reason to fail. */
const CONNECT_MS = 60_000

const servers = new Set<ChildProcess>()
const folders = new Set<string>()
// Nothing outlives this process, however that ends, short of SIGKILL.
process.once('exit', () => {
  for (const server of servers) server.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A Redis of the test's own. It keeps nothing on disk: a new process begins empty. */
export interface TestRedis {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Resolves when the process is gone, for signals that end it. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Starts an empty one on the same port, after it was killed. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Six nodes, three of them masters with a replica each. */
export interface TestRedisCluster {
  /** As REDIS_URL takes it. */
  readonly url: string
  readonly nodes: readonly TestRedis[]
  /** Who is a master now. */
  masters(): Promise<TestRedis[]>
  /** Resolves when all six are gone, for signals that end them. */
  kill(signal: NodeJS.Signals): Promise<void>
  /** Starts six empty ones on the same ports, after they were killed; they know each other. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startRedis(extra: readonly string[] = []): Promise<TestRedis> {
  const port = await freePort()
  const dir = mkdtempSync(join(tmpdir(), 'porchlight-redis-'))
  folders.add(dir)
  let server = await launch(port, dir, extra)

  async function kill(signal: NodeJS.Signals): Promise<void> {
    const ended = hasEnded(server)
    server.kill(signal)
    if (signal === 'SIGKILL' || signal === 'SIGTERM') await ended
  }

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return server.pid ?? 0
    },
    kill,
    restart: async () => {
      server = await launch(port, dir, extra)
    },
    stop: async () => {
      if (server.exitCode === null && server.signalCode === null) await kill('SIGKILL')
      rmSync(dir, { recursive: true, force: true })
      folders.delete(dir)
    },
  }
}

const hasEnded = (server: ChildProcess): Promise<void> =>
  server.exitCode !== null || server.signalCode !== null
    ? Promise.resolve()
    : new Promise((resolve) => server.once('exit', () => resolve()))

async function launch(port: number, dir: string, extra: readonly string[]): Promise<ChildProcess> {
  const kept = ['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction']
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir]
  const server = spawn(PROGRAM, [...place, ...kept, '--loglevel', 'warning', ...extra], { stdio: 'ignore' })
  const failed = new Promise<never>((_, reject) => {
    server.once('error', (error) => reject(new Error(`Redis cannot be started (${PROGRAM}): ${error.message}`)))
    server.once('exit', (code) => reject(new Error(`Redis ended with ${code} before it answered`)))
  })
  servers.add(server)
  server.once('exit', () => servers.delete(server))
  await Promise.race([answers(port), failed])
  failed.catch(() => {})
  return server
}

async function answers(port: number): Promise<void> {
  for (;;) {
    const client = createClient({
      url: `redis://127.0.0.1:${port}`,
      socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS },
    })
    client.on('error', () => {})
    try {
      await client.connect()
      await client.ping()
      return
    } catch {
      await pause(20)
    } finally {
      if (client.isOpen) client.destroy()
    }
  }
}

export async function startRedisCluster(): Promise<TestRedisCluster> {
  // Replicas are not waited for in groups, as they are by default for five seconds.
  const replicas = ['--repl-diskless-sync-delay', '0']
  const cluster = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000', '--cluster-config-file', 'nodes.conf']
  const flags = [...cluster, ...replicas]
  const nodes = await Promise.all(Array.from({ length: 6 }, () => startRedis(flags)))
  try {
    await join6(nodes)
  } catch (error) {
    await Promise.all(nodes.map((node) => node.stop()))
    throw error
  }
  const roleOf = async (node: TestRedis): Promise<string> => {
    const [role] = (await ask(node, 'ROLE').catch(() => ['gone'])) as [string]
    return role
  }
  return {
    url: nodes.map(({ url }) => url).join(','),
    nodes,
    masters: async () => {
      const roles = await Promise.all(nodes.map(roleOf))
      return nodes.filter((_, i) => roles[i] === 'master')
    },
    kill: async (signal) => void (await Promise.all(nodes.map((node) => node.kill(signal)))),
    restart: async () => {
      await Promise.all(nodes.map((node) => node.restart()))
      await untilJoined(nodes)
    },
    stop: async () => void (await Promise.all(nodes.map((node) => node.stop()))),
  }
}

const SLOTS = 16_384

/** What `redis-cli --cluster create` does, which not every Redis comes with. */
async function join6(nodes: readonly TestRedis[]): Promise<void> {
  const masters = nodes.slice(0, 3)
  await Promise.all(
    masters.map((node, i) => {
      const [from, to] = [Math.floor((i * SLOTS) / 3), Math.floor(((i + 1) * SLOTS) / 3) - 1]
      return ask(node, 'CLUSTER', 'ADDSLOTSRANGE', String(from), String(to))
    }),
  )
  await Promise.all(nodes.map((node, i) => ask(node, 'CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1))))
  const meetings = nodes.flatMap((node) =>
    nodes.filter((other) => other !== node).map((other) => [node, other] as const),
  )
  await Promise.all(meetings.map(([node, { port }]) => ask(node, 'CLUSTER', 'MEET', '127.0.0.1', String(port))))
  const ids = (await Promise.all(masters.map((node) => ask(node, 'CLUSTER', 'MYID')))) as string[]
  for (const [i, node] of nodes.slice(3).entries()) {
    await until(() => ask(node, 'CLUSTER', 'REPLICATE', ids[i] ?? '').then(() => true))
  }
  await untilJoined(nodes)
}

/** Until all slots are served, and each master has a replica that follows it. */
const untilJoined = (nodes: readonly TestRedis[]): Promise<void> =>
  until(async () => {
    const infos = (await Promise.all(nodes.map((node) => ask(node, 'CLUSTER', 'INFO')))) as string[]
    const roles = (await Promise.all(nodes.map((node) => ask(node, 'ROLE')))) as string[][]
    const replicas = roles.filter(([role]) => role !== 'master')
    return (
      infos.every((info) => info.includes('cluster_state:ok')) &&
      replicas.length === nodes.length / 2 &&
      replicas.every((role) => role[3] === 'connected')
    )
  })

/** Tries until it is so; the caller's own time limit ends it. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition().catch(() => false))) await pause(50)
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function ask({ url }: TestRedis, ...args: string[]): Promise<unknown> {
  const client = createClient({ url, RESP: 2, socket: { reconnectStrategy: false, connectTimeout: CONNECT_MS } })
  client.on('error', () => {})
  await client.connect()
  try {
    return await client.sendCommand(args)
  } finally {
    client.destroy()
  }
}
