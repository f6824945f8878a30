import { createServer } from 'node:http'
import express from 'express'
import { Server } from 'socket.io'
import { logIn, signUp, userOf } from './accounts.js'
import { addChat } from './chat.js'
import { Order, Provider, sequelize } from './models.js'

const PAGE_SIZE = 10

const app = express()
const server = createServer(app)
const io = new Server(server)

app.use(express.json())
app.use(async (req, _res, next) => {
  req.user = await userOf(req.headers.authorization?.replace(/^Bearer /, ''))
  next()
})
io.use(async (socket, next) => {
  socket.user = await userOf(socket.handshake.auth.token)
  next(socket.user ? undefined : new Error('sign in first'))
})
addChat(io)

const signedIn = (req, res, next) => (req.user ? next() : res.status(401).json({ ok: false, error: 'Sign in first.' }))

app.post('/api/signup', async (req, res) => {
  res.status(201).json({ ok: true, ...(await signUp(req.body)) })
})

app.post('/api/login', async (req, res) => {
  const login = await logIn(req.body)
  if (login) res.json({ ok: true, ...login })
  else res.status(401).json({ ok: false, error: 'Wrong e-mail or password.' })
})

app.get('/api/me', signedIn, (req, res) => {
  res.json({ ok: true, user: req.user })
})

app.patch('/api/me', signedIn, async (req, res) => {
  await req.user.update({ name: req.body.name })
  res.json({ ok: true, user: req.user })
})

app.get('/api/providers', async (req, res) => {
  const { city, trade, page = 1 } = req.query
  const { rows, count } = await Provider.findAndCountAll({
    where: { ...(city && { city }), ...(trade && { trade }) },
    include: { association: 'user', attributes: ['name'] },
    order: [['rating', 'desc'], 'id'],
    limit: PAGE_SIZE,
    offset: (Number(page) - 1) * PAGE_SIZE,
  })
  res.json({ ok: true, page: Number(page), total: count, items: rows })
})

app.get('/api/orders', signedIn, async (req, res) => {
  const worker = { association: 'worker', attributes: { exclude: ['passwordHash'] } }
  const orders = await Order.findAll({ where: { clientId: req.user.id }, include: worker, order: ['createdAt'] })
  res.json({ ok: true, orders })
})

app.post('/api/orders', signedIn, async (req, res) => {
  const { workerId, text } = req.body
  const order = await Order.create({ clientId: req.user.id, workerId, text })
  io.to(`user:${workerId}`).emit('order', order)
  res.status(201).json({ ok: true, order })
})

export async function start(port) {
  await new Promise((listening) => server.listen(port, listening))
  return `http://localhost:${server.address().port}`
}

export async function stop() {
  await io.close()
  await sequelize.close()
}
