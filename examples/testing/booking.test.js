import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { startTestPresence } from 'porchlight/testing'
import { bookingButton, bookingRoute } from './booking.js'

let system, plumber, drawn

beforeEach(async () => {
  system = await startTestPresence()
  bookingRoute(system.app, system.presence)
  plumber = system.addUser()
  const visitor = await system.connect(system.addUser())
  drawn = []
  await bookingButton(visitor.socket, plumber, (enabled) => drawn.push(enabled))
})
afterEach(() => system.stop())

const book = async () => (await fetch(`${system.url}/bookings/${plumber}`, { method: 'POST' })).status

test('the button can be pressed only while the plumber is online', async () => {
  const phone = await system.connect(plumber, { device_type: 'mobile' })
  await phone.setStatus({ status: 'dnd', message: 'On a roof', expires_in: 60 })
  await system.clock.advance(60_000)
  await phone.leave()
  await system.clock.advance(0) // waits until everything told has been heard
  assert.deepEqual(drawn, [false, true, false, true, false])
})

test('a tunnel makes nothing flicker; a phone that stays away longer than its grace does', async () => {
  const phone = await system.connect(plumber, { device_type: 'mobile' })
  await phone.cut()
  await system.clock.advance(29_999)
  await phone.comeBack()
  await system.clock.advance(60_000)
  assert.deepEqual(drawn, [false, true])
  assert.equal(await book(), 201)

  await phone.cut()
  await system.clock.advance(30_000)
  assert.deepEqual(drawn, [false, true, false])
  assert.equal(await book(), 409)
})

test('somebody who does nothing for five minutes is away, and the button says so', async () => {
  await system.connect(plumber)
  await system.clock.advance(5 * 60_000)
  assert.deepEqual(drawn, [false, true, false])
})
