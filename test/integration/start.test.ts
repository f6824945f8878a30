import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { eventually } from '../support/marketplace.ts'
import { copyInto, pack, type Packed, type RunningHost, runScript, startHost } from '../support/packed-host.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'

const PAGE = resolve(import.meta.dirname, '../../docs/start.md')
/** What the app of the examples has of its own. */
const OWN = ['express', 'pg', 'sequelize', 'socket.io', 'umzug', 'socket.io-client']

// It packs, starts processes, and waits out a grace.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let page: string
let packed: Packed
let database: TestDatabase
let redis: TestRedis
let host: RunningHost | null = null

beforeAll(async () => {
  page = await readFile(PAGE, 'utf8')
  const opened = await Promise.all([pack(), createTestDatabase(), startRedis()])
  ;[packed, database, redis] = opened
})
afterAll(async () => {
  await host?.stop()
  await Promise.all([redis.stop(), database.drop(), packed.remove()])
})

/** The blocks of code below a heading, in order. */
function blocks(heading: string, language: string): string[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`)
  const [own = ''] = section.split('\n## ')
  return [...own.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, tag, code = '']) =>
    tag === language ? [code] : [],
  )
}

/** Types this into a shell in the folder of the app. */
async function type(home: string, commands: string, env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-ec', commands], {
    cwd: home,
    env: { PATH: process.env['PATH'] ?? '', HOME: home, ...env },
  })
  return stdout
}

function replaced(text: string, what: string, by: string): string {
  if (text.split(what).length !== 2) throw new Error(`not there, or more than once: ${what}`)
  return text.replace(what, () => by)
}

async function signUp(name: string): Promise<{ token: string; user: { id: string } }> {
  const body = JSON.stringify({ name, email: `${name}@fixit.example`, password: 'open sesame' })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${host?.url}/api/signup`, { method: 'POST', headers, body })
  return (await response.json()) as { token: string; user: { id: string } }
}

test('R1 R52 whoever does what docs/start.md says sees somebody come home, and go', async () => {
  const [installs = ''] = blocks('Install', 'sh')
  const [command, verb, name, ...more] = installs.trim().split(' ')
  expect([command, verb, name]).toEqual(['npm', 'install', 'porchlight'])
  const home = await packed.install([...OWN, ...more])
  await copyInto(home, 'examples/existing-marketplace/before')
  const env = { DATABASE_URL: database.url, REDIS_URL: redis.url }
  await runScript(home, 'migrate', env)

  const [migrate = '', backfill = ''] = blocks('Migrate', 'sh')
  const urls = replaced(migrate, 'postgres://localhost/fixit', database.url)
  expect(await type(home, replaced(urls, 'redis://localhost:6379', redis.url))).toMatch(/^Applied 001-/m)
  await type(home, replaced(backfill, 'last_login_at', 'updated_at'), env)

  const [imports = '', mount = '', start = '', stop = '', ...others] = blocks('Add the lines', 'js')
  expect(others).toEqual([])
  let app = await readFile(join(home, 'app.js'), 'utf8')
  app = replaced(app, "import { Server } from 'socket.io'\n", `import { Server } from 'socket.io'\n${imports}`)
  app = replaced(app, 'Order, Provider, sequelize }', 'Order, Provider, sequelize, User }')
  app = replaced(app, 'addChat(io)\n', `addChat(io)\n${mount}`)
  app = replaced(app, '  await new Promise((listening)', `${start}  await new Promise((listening)`)
  app = replaced(app, '  await io.close()\n', `  await io.close()\n${stop}`)
  await writeFile(join(home, 'app.js'), app)
  host = await startHost(home, 'server.js', env)

  const [ana, ben] = [await signUp('ana'), await signUp('ben')]
  const [curl = ''] = blocks('Check that it works', 'sh')
  const asked = { APP: host.url, USER_ID: ben.user.id, TOKEN: ana.token }
  const ask = async () => JSON.parse(await type(home, curl, asked)) as { online_status: string }
  const [answer = ''] = blocks('Check that it works', 'json')
  expect(await ask()).toEqual(JSON.parse(replaced(answer, '…', ben.user.id)))

  const [comeHome = ''] = blocks('Check that it works', 'js')
  await writeFile(join(home, 'come-home.js'), comeHome)
  const stranger = run(home, 'nobody')
  expect(await stranger.said).toBe('not let in: sign in first\n')
  await stranger.end()
  const atHome = run(home, ben.token)
  expect(await atHome.said).toBe('at home as online\n')
  expect((await ask()).online_status).toBe('online')
  await atHome.end()
  await eventually(ask, ({ online_status: status }) => status === 'offline')
})

/** Runs `come-home.js` for whoever has this token, until it is told to end, or the test is over. */
function run(home: string, token: string): { readonly said: Promise<string>; end(): Promise<unknown> } {
  const theirs = { PATH: process.env['PATH'], APP: host?.url, THEIR_TOKEN: token }
  const child = spawn(process.execPath, ['come-home.js'], { cwd: home, env: theirs })
  const gone = once(child, 'close')
  onTestFinished(() => void child.kill('SIGKILL'))
  return {
    said: once(child.stdout, 'data').then(([said]) => (said as Buffer).toString()),
    end() {
      child.kill('SIGKILL')
      return gone
    },
  }
}
