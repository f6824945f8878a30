// A node of a host's own app, with presence as it ships, from dist, or without.
import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Request } from 'express'
import { jwtVerify } from 'jose'
import { DataTypes, type Model, type ModelStatic, Sequelize } from 'sequelize'
import { Server, type Socket } from 'socket.io'
import type * as Porchlight from '../../src/index.ts'
import type * as LoggerModule from '../../src/telemetry/logger.ts'
import { serveVerbs } from '../processes/serve-verbs.ts'
import type { NodeSettings, NodeVerbs } from './node-verbs.ts'

const dist = (file: string): Promise<unknown> => import(new URL(`../../dist/src/${file}`, import.meta.url).href)
const { createPresence } = (await dist('index.js')) as typeof Porchlight
const { createLogger } = (await dist('telemetry/logger.js')) as typeof LoggerModule

interface Running {
  readonly presence: Porchlight.Presence | null
  readonly http: HttpServer
  readonly io: Server
  readonly sequelize: Sequelize
}

let running: Running | null = null

const OWN_FIELDS = { email: DataTypes.TEXT, role: DataTypes.TEXT, last_login_at: DataTypes.DATE }

function addPresence(
  { io, sequelize }: Pick<Running, 'io' | 'sequelize'>,
  User: ModelStatic<Model>,
  { redis, flags }: NonNullable<NodeSettings['presence']>,
): Porchlight.Presence {
  return createPresence({
    io,
    sequelize,
    User,
    redis,
    redisPrefix: 'drill',
    rateLimit: false,
    logger: createLogger('error'),
    flags: {
      file: flags,
      async attributes(userIds) {
        const users = await User.findAll({ where: { id: [...userIds] }, attributes: ['id', 'role'], raw: true })
        return Object.fromEntries(
          (users as unknown as { id: string; role: string }[]).map(({ id, role }) => [id, { role }]),
        )
      },
    },
  })
}

async function start({ databaseUrl, secret, presence: with_ }: NodeSettings): Promise<number> {
  const sequelize = new Sequelize(databaseUrl, { logging: false, pool: { max: 12 } })
  const User: ModelStatic<Model> = sequelize.define(
    'User',
    { id: { type: DataTypes.UUID, primaryKey: true }, ...OWN_FIELDS },
    { tableName: 'users', timestamps: false },
  )
  const app = express()
  const http = createServer(app)
  const io = new Server(http, { serveClient: false })
  const key = new TextEncoder().encode(secret)
  async function signIn(socket: Socket, next: (error?: Error) => void): Promise<void> {
    try {
      const { payload } = await jwtVerify(String(socket.handshake.auth['token']), key)
      Object.assign(socket, { user: { id: payload.sub } })
    } catch {
      next(new Error('sign in first'))
      return
    }
    next()
  }
  io.use((socket, next) => void signIn(socket, next))
  const presence = with_ && addPresence({ io, sequelize }, User, with_)
  // The one route of the host's: a row of its own, with presence for those who have it.
  app.get('/people/:id', async (req: Request<{ id: string }, unknown, unknown, { as: string }>, res) => {
    const row = await User.findByPk(req.params.id, { attributes: ['id', ...Object.keys(OWN_FIELDS)] })
    const rows = row === null ? [] : [row]
    res.json(presence ? await presence.withPresence(rows, req.query.as, ({ id }) => id) : rows)
  })
  await presence?.start()
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  running = { presence, http, io, sequelize }
  return (http.address() as AddressInfo).port
}

const verbs: NodeVerbs = {
  start,
  async whoIsOn(userIds) {
    const presence = running?.presence
    if (!presence) throw new Error('There is no presence here')
    const on = await Promise.all(userIds.map(async (id) => presence.verbs.isOn(id)))
    return userIds.filter((_id, n) => on[n])
  },
  async stop() {
    if (running === null) return
    const { presence, io, sequelize } = running
    running = null
    await io.close()
    await presence?.stop()
    await sequelize.close()
  },
}

serveVerbs(verbs)
