import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/redis-adapter'
import express from 'express'
import { createPresence } from 'porchlight'
import { createClient } from 'redis'
import { DataTypes, Sequelize } from 'sequelize'
import { Server } from 'socket.io'

const redis = createClient({ url: process.env.REDIS_URL })
const subscriber = redis.duplicate()
await Promise.all([redis.connect(), subscriber.connect()])

const app = express()
const server = createServer(app)
const io = new Server(server, { adapter: createAdapter(redis, subscriber, { key: 'shop' }) })
io.on('connection', (socket) => socket.on('shout', (text) => io.emit('shouted', text)))
const sequelize = new Sequelize(process.env.DATABASE_URL, { logging: false })
const User = sequelize.define('User', { id: { type: DataTypes.UUID, primaryKey: true } }, { tableName: 'users' })
// Yours: check a real token.
const identify = (from) => ('handshake' in from ? from.handshake.auth.token : from.get('authorization')?.slice(7))

const presence = createPresence({ app, io, sequelize, User, identify, redis, redisPrefix: 'shop-presence' })
await presence.migrate()
await presence.start()
server.listen(process.env.PORT, () => console.log(`listens on ${server.address().port}`))
