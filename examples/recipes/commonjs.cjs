const { createServer } = require('node:http')
const express = require('express')
const { createPresence } = require('porchlight')
const { DataTypes, Sequelize } = require('sequelize')
const { Server } = require('socket.io')

const app = express()
const server = createServer(app)
const io = new Server(server)
const sequelize = new Sequelize(process.env.DATABASE_URL, { logging: false })
const User = sequelize.define('User', { id: { type: DataTypes.UUID, primaryKey: true } }, { tableName: 'users' })
// Yours: check a real token.
const identify = (from) => ('handshake' in from ? from.handshake.auth.token : from.get('authorization')?.slice(7))

async function start() {
  const presence = createPresence({ app, io, sequelize, User, identify })
  await presence.migrate()
  await presence.start()
  server.listen(process.env.PORT, () => console.log(`listens on ${server.address().port}`))
}
start()
