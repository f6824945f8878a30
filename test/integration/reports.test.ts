import { SignJWT } from 'jose'
import { QueryTypes } from 'sequelize'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Client, eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

let market: Marketplace
let rude: Person
let viewer: Person
let other: Person
let talking: Client

const base = '/api/users/presence'
const report = (as: Person | null, about = rude, json: unknown = {}) =>
  market.http(`${base}/${about.id}/reports`, { method: 'POST', json, ...(as && { as }) })
const asStaff = async (id: string): Promise<string> => {
  const token = new SignJWT({ role: 'staff' }).setProtectedHeader({ alg: 'HS256' }).setSubject(id).setIssuedAt()
  return token.setExpirationTime('1h').sign(new TextEncoder().encode('secret of this test'))
}
const rows = () =>
  market.database.sequelize.query<Record<string, unknown>>('select * from porchlight_reports order by id', {
    type: QueryTypes.SELECT,
  })

beforeAll(async () => {
  market = await startMarketplace({ OPS_TOKEN: 'operator', PRESENCE_REPORTS_PER_HOUR: '6' })
  rude = await market.person('provider')
  viewer = await market.person('client')
  other = await market.person('client', 1)
  talking = await market.connect(rude)
})
afterAll(() => market.stop())
beforeEach(async () => {
  expect(await talking.ask('setStatus', { status: 'dnd', message: 'Rude words', expires_in: 3_600 })).toMatchObject({
    ok: true,
  })
})

test('R15 what was shown is kept, once for each viewer and message, and nobody is told whose report it is', async () => {
  expect((await report(null)).status).toBe(401)
  expect((await report(viewer, rude, { reason: ' Not nice ' })).status).toBe(204)
  expect((await report(viewer, rude, { reason: 'Still not' })).status).toBe(204)
  expect((await report(other)).status).toBe(204)
  expect(await rows()).toMatchObject([
    { user_id: rude.id, reporter_id: viewer.id, message: 'Rude words', status: 'dnd', reason: 'Not nice' },
    { user_id: rude.id, reporter_id: other.id, message: 'Rude words', status: 'dnd', reason: null },
  ])
  const list = await market.http(`${base}/reports`, { headers: { authorization: 'Bearer operator' } })
  expect(list).toMatchObject({
    status: 200,
    body: { next_cursor: null, reports: [{ userId: rude.id, message: 'Rude words' }, {}] },
  })
  expect(JSON.stringify(list.body)).not.toContain(viewer.id)
  expect(talking.heard.map(([event]) => event)).not.toContain('report')
})

test('R53 a viewer reports so often in an hour', async () => {
  const statuses: number[] = []
  const eager = await market.person('client', 2)
  for (let n = 0; n < 7; n += 1) statuses.push((await report(eager)).status)
  expect(statuses.at(-1)).toBe(429)
  expect(statuses.slice(0, 6)).toEqual([204, 204, 204, 204, 204, 204])
})

test('R31 whoever hides, is away or says nothing is answered alike; what cannot be read is refused', async () => {
  const [silent, hidden] = [await market.person('provider', 1), await market.person('provider', 2)]
  const hiding = await market.connect(hidden)
  await hiding.ask('setStatus', { status: 'away', message: 'Unseen' })
  await market.http(`${base}/settings`, { method: 'PATCH', as: hidden, json: { show_online_status: false } })
  const curious = await market.person('client', 3)
  const answers = [await report(curious, silent), await report(curious, hidden)]
  expect(answers[0]).toMatchObject({ status: 404, body: { code: 'NOT_FOUND', retryable: false } })
  expect(answers[1]?.body).toEqual(answers[0]?.body)
  expect(await report(rude, rude)).toMatchObject({ status: 400, body: { code: 'INVALID_PAYLOAD' } })
  expect(await report(curious, rude, { reason: 7 })).toMatchObject({ status: 400, body: { code: 'INVALID_PAYLOAD' } })
  expect(await report(curious, rude, { reason: 'x'.repeat(501) })).toMatchObject({ status: 400 })
  expect(await report(curious, { ...rude, id: '42' })).toMatchObject({ status: 400, body: { code: 'INVALID_ID' } })
})

test('R15 staff clear a message at once: the rest of the choice stays, and reports of it are settled', async () => {
  const clear = (authorization: string) =>
    market.http(`${base}/${rude.id}/message`, { method: 'DELETE', headers: { authorization } })
  expect(await clear(`Bearer ${viewer.token}`)).toMatchObject({
    status: 403,
    body: { code: 'FORBIDDEN', retryable: false },
  })
  expect(await market.http(`${base}/reports`, { as: viewer })).toMatchObject({ status: 403 })
  const watching = await market.connect(await market.person('client', 4))
  await watching.ask('watch', { users: [rude.id] })
  watching.forget()
  expect((await clear(`Bearer ${await asStaff(other.id)}`)).status).toBe(204)
  const update = await watching.hears('presenceUpdate', { userId: rude.id })
  expect(update).toMatchObject({ status: 'dnd' })
  expect(update).not.toHaveProperty('custom_message')
  const settled = await rows()
  expect(settled.length).toBeGreaterThan(0)
  for (const row of settled) expect(row).toMatchObject({ resolved_by: other.id, resolved_at: expect.anything() })
  // It is stored, too, with its end.
  const [stored] = await eventually(
    () =>
      market.database.sequelize.query<Record<string, unknown>>(
        'select custom_status_message, online_status from users where id = $1',
        { bind: [rude.id], type: QueryTypes.SELECT },
      ),
    // Neither of them is there before the status was projected for the first time.
    ([row]) => row?.['custom_status_message'] === null && row['online_status'] !== 'offline',
  )
  expect(stored).toMatchObject({ online_status: 'dnd' })
})

test('R15 the same message again can be reported again', async () => {
  const before = (await rows()).length
  expect((await report(await market.person('client', 5))).status).toBe(204)
  expect(await rows()).toHaveLength(before + 1)
  await market.server.presence.service.clearMessage(rude.id, { by: 'a script' })
  expect((await rows()).at(-1)).toMatchObject({ resolved_by: 'a script' })
})
