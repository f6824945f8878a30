import { createServer } from 'node:http'
import express from 'express'
import { createPresence } from 'porchlight'
import { DataTypes, Sequelize } from 'sequelize'
import { Server } from 'socket.io'

const app = express()
const server = createServer(app)
const io = new Server(server)
const sequelize = new Sequelize(process.env.DATABASE_URL, { logging: false })
const User = sequelize.define('User', { id: { type: DataTypes.UUID, primaryKey: true } }, { tableName: 'users' })
// Yours: check a real token.
const identify = (from) => ('handshake' in from ? from.handshake.auth.token : from.get('authorization')?.slice(7))

const presence = createPresence({ app, io, sequelize, User, identify })
await presence.migrate()
await presence.start()
server.listen(process.env.PORT, () => console.log(`listens on ${server.address().port}`))
