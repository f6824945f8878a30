import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { io } from 'socket.io-client'
import { start, stop } from '../app.js'

let url
before(async () => {
  url = await start(0)
})
after(stop)

async function call(method, path, { token, body } = {}) {
  const headers = {
    ...(token && { authorization: `Bearer ${token}` }),
    ...(body && { 'content-type': 'application/json' }),
  }
  const response = await fetch(url + path, { method, headers, body: body && JSON.stringify(body) })
  return { status: response.status, body: await response.json() }
}

async function signUp(name, provider) {
  const body = { name, email: `${randomUUID()}@fixit.example`, password: 'open sesame', provider }
  const { token, user } = (await call('POST', '/api/signup', { body })).body
  return { token, user, email: body.email }
}

async function connect({ token }) {
  const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true })
  await once(socket, 'connect')
  return socket
}

test('whoever signs up can log in, and their password is never told', async () => {
  const { email, user } = await signUp('Ana')
  assert.deepEqual(Object.keys(user).sort(), ['createdAt', 'email', 'id', 'name', 'updatedAt'])
  const { status, body } = await call('POST', '/api/login', { body: { email, password: 'open sesame' } })
  assert.equal(status, 200)
  assert.deepEqual(body.user, user)
  assert.equal((await call('POST', '/api/login', { body: { email, password: 'guess' } })).status, 401)
})

test('only whoever is signed in has an account to read and change', async () => {
  assert.deepEqual(await call('GET', '/api/me'), { status: 401, body: { ok: false, error: 'Sign in first.' } })
  const ana = await signUp('Ana')
  assert.deepEqual((await call('GET', '/api/me', ana)).body, { ok: true, user: ana.user })
  const { body } = await call('PATCH', '/api/me', { ...ana, body: { name: 'Anna' } })
  assert.deepEqual({ ...body.user, updatedAt: null }, { ...ana.user, name: 'Anna', updatedAt: null })
})

test('providers are found by city and trade, the best first, ten a page', async () => {
  const city = randomUUID()
  for (let rating = 1; rating <= 11; rating++) {
    await signUp(`Plumber ${rating}`, { trade: rating === 6 ? 'painter' : 'plumber', city, rating })
  }
  const first = (await call('GET', `/api/providers?city=${city}`)).body
  assert.deepEqual(Object.keys(first), ['ok', 'page', 'total', 'items'])
  assert.equal(first.total, 11)
  assert.deepEqual(
    first.items.map(({ rating }) => rating),
    [11, 10, 9, 8, 7, 6, 5, 4, 3, 2],
  )
  const keys = ['city', 'createdAt', 'id', 'rating', 'trade', 'updatedAt', 'user', 'userId']
  assert.deepEqual(Object.keys(first.items[0]).sort(), keys)
  const second = (await call('GET', `/api/providers?city=${city}&page=2`)).body
  assert.deepEqual(
    second.items.map(({ user }) => user),
    [{ name: 'Plumber 1' }],
  )
  const painters = (await call('GET', `/api/providers?city=${city}&trade=painter`)).body
  assert.equal(painters.total, 1)
})

test('an order reaches the provider at once, and the list of the client', async () => {
  const [ana, ben] = [await signUp('Ana'), await signUp('Ben', { trade: 'plumber', city: 'Lyon', rating: 5 })]
  const socket = await connect(ben)
  const arrives = once(socket, 'order')
  const { status, body } = await call('POST', '/api/orders', { ...ana, body: { workerId: ben.user.id, text: 'A tap' } })
  assert.equal(status, 201)
  assert.deepEqual(await arrives, [body.order])
  const { orders } = (await call('GET', '/api/orders', ana)).body
  assert.deepEqual(
    orders.map(({ text, worker }) => ({ text, worker })),
    [{ text: 'A tap', worker: ben.user }],
  )
  socket.disconnect()
})

test('chat: words and the sign of typing reach the other one, and nobody else', async () => {
  const [ana, ben, eve] = [await signUp('Ana'), await signUp('Ben'), await signUp('Eve')]
  const sockets = await Promise.all([ana, ben, eve].map(connect))
  const [anas, bens, eves] = sockets
  eves.on('message', () => assert.fail('Eve reads along'))
  const [typing, message] = [once(bens, 'typing'), once(bens, 'message')]
  anas.emit('typing', { to: ben.user.id })
  const reply = await anas.emitWithAck('message', { to: ben.user.id, text: 'Hello' })
  assert.deepEqual(await typing, [{ from: ana.user.id }])
  assert.equal((await message)[0].id, reply.id)
  for (const socket of sockets) socket.disconnect()
})

test('whoever is not signed in has no connection', async () => {
  const socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false })
  const [error] = await once(socket, 'connect_error')
  assert.equal(error.message, 'sign in first')
})
