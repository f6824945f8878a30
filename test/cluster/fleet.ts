import { randomUUID } from 'node:crypto'
import { io, type Socket } from 'socket.io-client'
import { seedMarketplace } from '../../demo/server/seed.ts'
import { seedMember } from '../../demo/server/seed-people.ts'
import type { PresenceInfo } from '../../src/domain/info.ts'
import type { DeviceSession } from '../../src/protocol/http.ts'
import { createTokens } from '../../src/gateway/token.ts'
import { eventually } from '../support/marketplace.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { type Running, runCli } from '../support/process.ts'

/** The lengths that the specification promises, rather than shorter ones that are as true: for a nightly run. */
export const FULL = process.env['CLUSTER_FULL'] === '1'

const SECRET = 'secret of this test'
const READY = /ready at (http:\S+)/
/** Connections that are opened side by side. */
const AT_ONCE = 50
const MAX_IDS_OF_A_READ = 100

/** A server as a process of its own, as it runs in production. */
export interface Node {
  readonly url: string
  readonly running: Running
  /** SIGKILL: no goodbye of any kind. Resolves when the process is gone. */
  kill(): Promise<void>
  /** SIGTERM. @returns the exit code */
  term(): Promise<number | null>
  /** SIGSTOP: it stands still, and its connections stand with it. */
  freeze(): void
  thaw(): void
}

export interface FleetOptions {
  readonly redisUrl: string
  /** How many users there are. */
  readonly users: number
  /** In place of one of its own, for tests that take PostgreSQL down. It has the marketplace, and is not dropped. */
  readonly database?: Pick<TestDatabase, 'url' | 'sequelize'>
  readonly env?: Readonly<Record<string, string>>
}

export interface ConnectOptions {
  readonly deviceId?: string
  /** Whether it connects again when it lost its connection, as a client of a page does. @default false */
  readonly comesBack?: boolean
}

/** Several servers on one Redis and one PostgreSQL, and the users who come to them. */
export interface Fleet {
  readonly database: Pick<TestDatabase, 'url' | 'sequelize'>
  readonly users: readonly string[]
  start(env?: Readonly<Record<string, string>>): Promise<Node>
  token(userId: string): Promise<string>
  /** A plain client of somebody. Resolves when its session is live. */
  connect(url: string, userId: string, options?: ConnectOptions): Promise<Socket>
  connectAll(url: string, userIds: readonly string[], options?: ConnectOptions): Promise<Socket[]>
  read(url: string, userIds: readonly string[], as: string): Promise<Map<string, PresenceInfo>>
  /** Whether each of somebody's sessions stands, or is in its grace. */
  sessions(url: string, userId: string): Promise<boolean[]>
  /** Decides as somebody over HTTP. */
  patch(url: string, as: string, path: 'status' | 'settings', body: object): Promise<Response>
  /** Kills what still runs, and removes what was made for it. */
  stop(): Promise<void>
}

export async function startFleet({ redisUrl, users, env = {}, database: given }: FleetOptions): Promise<Fleet> {
  const own = given ? null : await createTestDatabase({ marketplace: true })
  const database = given ?? (own as TestDatabase)
  await seedMarketplace(database.sequelize, { providers: 0, clients: users, staff: 1 })
  const tokens = createTokens({ secret: SECRET })
  const nodes: Running[] = []
  const sockets: Socket[] = []
  const shared = { DATABASE_URL: database.url, REDIS_URL: redisUrl, PRESENCE_REDIS_PREFIX: `test-${randomUUID()}` }
  const place = { PORT: '0', HOST: '127.0.0.1', JWT_SECRET: SECRET, DEMO: 'on', DEMO_LIFE: 'off', LOG_LEVEL: 'warn' }
  const token = (userId: string): Promise<string> => tokens.sign?.(userId) ?? Promise.reject(new Error('no secret'))

  const connect: Fleet['connect'] = async (url, userId, { deviceId, comesBack = false } = {}) => {
    const socket = open(url, { token: await token(userId), ...(deviceId && { device_id: deviceId }) }, comesBack)
    sockets.push(socket)
    await new Promise((resolve, reject) => {
      socket.once('selfPresence', resolve)
      if (comesBack) return
      socket.once('connect_error', reject)
      // A handshake that takes too long ends without a word.
      socket.io.once('close', (reason) => reject(new Error(`closed before it was connected: ${reason}`)))
    })
    return socket
  }
  const bearer = async (userId: string) => ({ authorization: `Bearer ${await token(userId)}` })

  return {
    database,
    users: Array.from({ length: users }, (_, i) => seedMember('client', i).id),
    token,
    connect,
    start: async (more = {}) => {
      const running = runCli(['serve'], { ...place, ...shared, PRESENCE_RATE_LIMIT: 'off', ...env, ...more })
      nodes.push(running)
      return nodeOf(running, await running.prints(READY))
    },
    connectAll: (url, userIds, options) => eachOf(userIds, (userId) => connect(url, userId, options)),
    read: async (url, userIds, as) => readAll(url, userIds, await bearer(as)),
    sessions: async (url, userId) => {
      const response = await fetch(`${url}/api/users/presence/sessions`, { headers: await bearer(userId) })
      const { sessions } = (await response.json()) as { sessions: DeviceSession[] }
      return sessions.map(({ is_active }) => is_active)
    },
    patch: async (url, as, path, body) => {
      const headers = { ...(await bearer(as)), 'content-type': 'application/json' }
      return fetch(`${url}/api/users/presence/${path}`, { method: 'PATCH', headers, body: JSON.stringify(body) })
    },
    stop: async () => {
      for (const socket of sockets) socket.disconnect()
      for (const node of nodes) node.kill('SIGKILL')
      await Promise.all(nodes.map(({ ended }) => ended))
      await own?.drop()
    },
  }
}

/** With the delays that a plain client has. */
const open = (url: string, auth: object, comesBack: boolean): Socket =>
  io(url, { auth, transports: ['websocket'], forceNew: true, reconnection: comesBack })

const nodeOf = (running: Running, url: string): Node => ({
  url,
  running,
  kill: async () => {
    running.kill('SIGKILL')
    await running.ended
  },
  term: async () => {
    running.kill('SIGTERM')
    return (await running.ended).code
  },
  freeze: () => running.kill('SIGSTOP'),
  thaw: () => running.kill('SIGCONT'),
})

/** Side by side, but not all at once. */
export async function eachOf<In, Out>(items: readonly In[], work: (item: In) => Promise<Out>): Promise<Out[]> {
  const done: Out[] = []
  for (let i = 0; i < items.length; i += AT_ONCE) {
    done.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(work))))
  }
  return done
}

async function readAll(
  url: string,
  userIds: readonly string[],
  headers: Record<string, string>,
): Promise<Map<string, PresenceInfo>> {
  const found = new Map<string, PresenceInfo>()
  for (let i = 0; i < userIds.length; i += MAX_IDS_OF_A_READ) {
    const ids = userIds.slice(i, i + MAX_IDS_OF_A_READ).join(',')
    const response = await fetch(`${url}/api/users/presence?ids=${ids}`, { headers })
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    const { presences } = (await response.json()) as { presences: PresenceInfo[] }
    for (const presence of presences) found.set(presence.userId, presence)
  }
  return found
}

/** Cuts a client's connection as a dying network does: no goodbye. */
export const cut = (socket: Socket): void =>
  (socket.io.engine.transport as unknown as { ws: { terminate(): void } }).ws.terminate()

/** Waits until a node has noticed that all but so many of its clients are gone, and told the store. */
export async function untilSessions({ url }: Node, count: number): Promise<void> {
  const sessions = async (): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text()
    return Number(/^porchlight_sessions (\d+)/m.exec(text)?.[1] ?? Number.NaN)
  }
  await eventually(sessions, (held) => held === count)
}
