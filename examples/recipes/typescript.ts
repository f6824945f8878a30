import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Request } from 'express'
import { createPresence, type FilteredRequest, type PresenceMethods } from 'porchlight'
import { DataTypes, type Model, Sequelize } from 'sequelize'
import { Server, type Socket } from 'socket.io'

const app = express()
const server = createServer(app)
const io = new Server(server)
const sequelize = new Sequelize(process.env['DATABASE_URL'] ?? '', { logging: false })
const User = sequelize.define<Model & PresenceMethods>(
  'User',
  { id: { type: DataTypes.UUID, primaryKey: true } },
  { tableName: 'users', timestamps: false },
)
// Yours: check a real token.
const identify = (from: Socket | Request): string | undefined =>
  'handshake' in from ? String(from.handshake.auth['token']) : from.get('authorization')?.slice(7)

const presence = createPresence({ app, io, sequelize, User, identify })
app.get('/people', presence.presenceFilter(), async (req, res) => {
  const { presenceFilter } = req as FilteredRequest
  const people = await User.findAll({ where: { ...presenceFilter.where() } })
  res.json(people.map((person) => [person.get('id'), person.isOnline(), person.getLastSeenText('fr')]))
})
await presence.migrate()
await presence.start()
server.listen(process.env['PORT'], () => console.log(`listens on ${(server.address() as AddressInfo).port}`))
