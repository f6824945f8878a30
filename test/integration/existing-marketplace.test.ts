import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest'
import { eventually } from '../support/marketplace.ts'
import {
  arrive,
  copyInto,
  heard,
  pack,
  type Packed,
  type RunningHost,
  runScript,
  startHost,
} from '../support/packed-host.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const EXAMPLE = 'examples/existing-marketplace'
const PATCH = join(ROOT, EXAMPLE, 'add-presence.patch')
const OWN = ['express', 'pg', 'sequelize', 'socket.io', 'umzug', 'socket.io-client']

/** Each starts processes of its own, and machines are busy. */
vi.setConfig({ testTimeout: 90_000 })

let packed: Packed
/** Folders of the app without the change, and with it. */
let before: string
let after: string
let env: Record<string, string>
let database: TestDatabase
let running: RunningHost[]

beforeAll(async () => {
  packed = await pack()
  before = await packed.install(OWN)
  after = await packed.install([...OWN, 'redis'])
  for (const home of [before, after]) await copyInto(home, join(EXAMPLE, 'before'))
  await promisify(execFile)('git', ['apply', PATCH], { cwd: after })
}, 120_000)
afterAll(() => packed.remove())

beforeEach(async () => {
  database = await createTestDatabase()
  // In production Express tells no stack, which has our lines in it.
  env = { DATABASE_URL: database.url, REDIS_URL: inject('redisUrl'), NODE_ENV: 'production' }
  running = []
})
afterEach(async () => {
  await Promise.all(running.map((host) => host.stop()))
  await database.drop()
})

async function start(home: string): Promise<RunningHost> {
  const host = await startHost(home, 'server.js', env)
  running.push(host)
  return host
}

async function signUp(url: string, name: string, provider?: object): Promise<Account> {
  const account = { name, email: `${name}@fixit.example`, password: 'open sesame', provider }
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(account) }
  const { token, user } = (await (await fetch(`${url}/api/signup`, init)).json()) as Account & { user: { id: string } }
  return { token, id: user.id }
}

interface Account {
  readonly token: string
  readonly id: string
}

test('the change makes of the app what `after` shows, in at most 20 lines', async () => {
  for (const file of await readdir(join(ROOT, EXAMPLE, 'after'))) {
    const shown = await readFile(join(ROOT, EXAMPLE, 'after', file), 'utf8')
    expect(await readFile(join(after, file), 'utf8'), file).toBe(shown)
  }
  const patch = await readFile(PATCH, 'utf8')
  expect(patch.match(/^\+\+\+ .*/gm)).toEqual(['+++ b/app.js', '+++ b/package.json'])
  expect(patch.match(/^\+(?!\+\+)./gm)?.length).toBeLessThanOrEqual(20)
})

test("the app's own tests pass without the change, and with it", async () => {
  for (const home of [before, after]) {
    await runScript(home, 'migrate', env)
    const tested = await runScript(home, 'test', env)
    expect(tested).toMatch(/ pass 6$/m)
    expect(tested).toMatch(/ fail 0$/m)
  }
})

/** What is asked of the app before and after: by whoever is not signed in, then by a client. */
const READS = [
  '/api/providers',
  '/api/providers?city=Lyon&trade=plumber',
  '/api/providers?city=Lyon&page=2',
  '/api/providers?page=x',
  '/api/me',
  '/api/orders',
  '/nowhere',
]

/** Answers as they come over the wire, but for their date. */
async function record(url: string, reads: readonly string[], headers: Record<string, string> = {}): Promise<unknown[]> {
  const answers: unknown[] = []
  for (const path of reads) {
    const response = await fetch(url + path, { headers })
    const sent = [...response.headers].filter(([name]) => name !== 'date')
    answers.push([path, response.status, sent, await response.text()])
  }
  return answers
}

test('R14 R30 R34 whoever does not ask for presence gets what they got before, byte for byte', async () => {
  await runScript(before, 'migrate', env)
  const old = await start(before)
  const ana = await signUp(old.url, 'Ana')
  const ben = await signUp(old.url, 'Ben', { trade: 'plumber', city: 'Lyon', rating: 5 })
  await signUp(old.url, 'Cleo', { trade: 'plumber', city: 'Lyon', rating: 4 })
  const order = {
    method: 'POST',
    headers: { authorization: `Bearer ${ana.token}`, 'content-type': 'application/json' },
  }
  await fetch(`${old.url}/api/orders`, { ...order, body: JSON.stringify({ workerId: ben.id, text: 'A tap' }) })
  const all = async ({ url }: RunningHost) => [
    ...(await record(url, READS)),
    ...(await record(url, ['/api/me', '/api/orders'], { authorization: `Bearer ${ana.token}` })),
  ]
  const recorded = await all(old)

  await runScript(after, 'migrate', env)
  expect(await all(old)).toEqual(recorded)
  const current = await start(after)
  const phone = await arrive(current.url, ben.token)
  await phone.emitWithAck('setStatus', { status: 'dnd', message: 'On a roof' })
  const stored = 'select online_status, custom_status_message, show_online_status from users where name = $1'
  const row = () => database.sequelize.query(stored, { bind: ['Ben'], plain: true })
  await eventually(row, (found) => found?.['online_status'] === 'dnd')
  expect(await all(current)).toEqual(recorded)
  const hide = {
    method: 'PATCH',
    headers: { authorization: `Bearer ${ben.token}`, 'content-type': 'application/json' },
  }
  await fetch(`${current.url}/api/users/presence/settings`, { ...hide, body: '{"show_online_status":false}' })
  await eventually(row, (found) => found?.['show_online_status'] === false)
  expect(await all(current)).toEqual(recorded)
  expect(await all(old)).toEqual(recorded)
  phone.disconnect()
})

test('R1 R30 R34 R40 its list of providers keeps its envelope, and gains presence and filters', async () => {
  await runScript(after, 'migrate', env)
  const { url } = await start(after)
  const ana = await signUp(url, 'Ana')
  const ben = await signUp(url, 'Ben', { trade: 'plumber', city: 'Lyon', rating: 5 })
  const cleo = await signUp(url, 'Cleo', { trade: 'plumber', city: 'Lyon', rating: 4 })
  const list = async (query = '') => {
    const headers = { authorization: `Bearer ${ana.token}` }
    return (await (await fetch(`${url}/api/providers?city=Lyon${query}`, { headers })).json()) as List
  }
  const names = ({ items }: List) => items.map(({ user }) => user.name)

  const untold: unknown[] = []
  const cleos = await arrive(url, cleo.token)
  cleos.onAny((...event) => untold.push(event))
  const anas = await arrive(url, ana.token)
  await anas.emitWithAck('watch', { users: [ben.id] })
  const comes = heard(anas, 'userOnline')
  const bens = await arrive(url, ben.token)
  expect(await comes).toMatchObject({ userId: ben.id })
  const online = await eventually(
    () => list('&online_status=online'),
    ({ items }) => items.length === 2,
  )
  expect(Object.keys(online)).toEqual(['ok', 'page', 'total', 'items'])
  expect(online).toMatchObject({ total: 2, items: [{ city: 'Lyon', user: { name: 'Ben' }, is_online: true }, {}] })
  expect(names(await list('&online_status=offline'))).toEqual([])
  expect((await list()).items.map(({ is_online }) => is_online)).toEqual([true, true])

  const message = heard(bens, 'message')
  await anas.emitWithAck('message', { to: ben.id, text: 'Are you free?' })
  expect(await message).toMatchObject({ text: 'Are you free?' })

  const hide = {
    method: 'PATCH',
    headers: { authorization: `Bearer ${ben.token}`, 'content-type': 'application/json' },
  }
  await fetch(`${url}/api/users/presence/settings`, { ...hide, body: '{"show_online_status":false}' })
  const hidden = await list()
  expect(names(hidden)).toEqual(['Ben', 'Cleo'])
  expect(hidden.items.map(({ last_seen_text }) => last_seen_text)).toEqual(['offline', 'online now'])
  expect(names(await list('&online_status=offline'))).toEqual(['Ben'])
  // Cleo asked for nothing, so her old client hears nothing (R40).
  expect(untold).toEqual([])
  for (const socket of [anas, bens, cleos]) socket.disconnect()
})

interface List {
  readonly total: number
  readonly items: readonly { user: { name: string }; is_online: boolean; last_seen_text: string }[]
}
