import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { io } from 'socket.io-client'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/postgres.ts'

const ROOT = resolve(import.meta.dirname, '../..')

/** The lines that the README tells people to write, and nothing else. */
async function readmeLines(): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const lines = /<!-- adopt:start -->\s*```js\n([\s\S]*?)```\s*<!-- adopt:end -->/.exec(readme)?.[1]
  if (lines === undefined) throw new Error('README.md has lost its example')
  return lines
}

/** An application's folder in which `porchlight` and its peers are installed. */
async function installApp(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'porchlight-adopt-'))
  await mkdir(join(home, 'node_modules'))
  await symlink(ROOT, join(home, 'node_modules/porchlight'))
  for (const peer of ['express', 'sequelize', 'socket.io', 'pg']) {
    await symlink(join(ROOT, 'node_modules', peer), join(home, 'node_modules', peer))
  }
  await writeFile(join(home, 'package.json'), '{ "type": "module" }')
  await writeFile(join(home, 'app.js'), await readmeLines())
  return home
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

test('the README needs at most 20 lines of code to add presence to an app', async () => {
  const lines = (await readmeLines()).split('\n').filter((line) => line.trim() !== '')
  expect(lines.length).toBeLessThanOrEqual(20)
})

test('R1 exactly those lines give two users of an app each other', async () => {
  const database = await createTestDatabase()
  const [ana, ben] = [randomUUID(), randomUUID()]
  await database.sequelize.query('create table users (id uuid primary key)')
  await database.sequelize.query('insert into users values ($1), ($2)', { bind: [ana, ben] })
  const home = await installApp()
  const port = await freePort()
  const env = { PATH: process.env['PATH'] ?? '', DATABASE_URL: database.url, PORT: String(port) }
  const app = spawn(process.execPath, ['app.js'], { cwd: home, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(app, 'close')
  let output = ''
  for (const stream of [app.stdout, app.stderr]) stream.on('data', (chunk) => (output += String(chunk)))
  try {
    const arrive = async (token: string) => {
      const options = { auth: { token }, transports: ['websocket'], forceNew: true, reconnectionDelay: 50 }
      const socket = io(`http://127.0.0.1:${port}`, options)
      await Promise.race([
        new Promise((done) => socket.once('selfPresence', done)),
        ended.then(() => Promise.reject(new Error(`the app ended:\n${output}`))),
      ])
      return socket
    }
    const watcher = await arrive(ana)
    await watcher.emitWithAck('watch', { users: [ben] })
    const online = new Promise((done) => watcher.once('userOnline', done))
    const other = await arrive(ben)
    expect(await online).toMatchObject({ userId: ben, status: 'online' })
    const headers = { authorization: `Bearer ${ana}` }
    const seen = await fetch(`http://127.0.0.1:${port}/api/users/presence/${ben}`, { headers })
    expect(await seen.json()).toMatchObject({ userId: ben, online_status: 'online', show_status: true })
    const offline = new Promise((done) => watcher.once('userOffline', done))
    other.disconnect()
    expect(await offline).toMatchObject({ userId: ben, status: 'offline' })
    watcher.disconnect()
  } finally {
    app.kill('SIGKILL')
    await ended
    await rm(home, { recursive: true, force: true })
    await database.drop()
  }
})
