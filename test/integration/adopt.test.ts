import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import {
  arrive,
  copyInto,
  heard,
  pack,
  type Packed,
  type RunningHost,
  seeEachOther,
  startHost,
} from '../support/packed-host.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)
/** What the README tells to install beside the package. */
const PEERS = ['express', 'sequelize', 'socket.io', 'pg']
const ADAPTERS = ['@socket.io/redis-adapter', '@socket.io/redis-streams-adapter']

/** The lines that the README tells people to write, and nothing else. */
async function readmeLines(): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const lines = /<!-- adopt:start -->\s*```js\n([\s\S]*?)```\s*<!-- adopt:end -->/.exec(readme)?.[1]
  if (lines === undefined) throw new Error('README.md has lost its example')
  return lines
}

/** Each starts processes of its own, and machines are busy. */
vi.setConfig({ testTimeout: 90_000 })

let packed: Packed
/** Hosts' folders: one has what the README says and the types of it, the other Redis, too. */
let plain: string
let withRedis: string
let database: TestDatabase
let running: RunningHost[]
/** Others in each test: nodes that were killed leave theirs in Redis for a while. */
let people: [string, string]

beforeAll(async () => {
  packed = await pack()
  plain = await packed.install([...PEERS, '@types/express', '@types/node'])
  withRedis = await packed.install([...PEERS, 'redis', ...ADAPTERS])
  for (const home of [plain, withRedis]) {
    await copyInto(home, 'examples/recipes')
    await writeFile(join(home, 'package.json'), '{ "type": "module" }')
  }
}, 120_000)
afterAll(() => packed.remove())

beforeEach(async () => {
  database = await createTestDatabase()
  await database.sequelize.query('create table users (id uuid primary key)')
  people = [randomUUID(), randomUUID()]
  await database.sequelize.query('insert into users values ($1), ($2)', { bind: people })
  running = []
})
afterEach(async () => {
  await Promise.all(running.map((host) => host.stop()))
  await database.drop()
})

async function start(file: string, home = plain, env: Record<string, string> = {}): Promise<RunningHost> {
  const host = await startHost(home, file, { DATABASE_URL: database.url, ...env })
  running.push(host)
  return host
}

describe('the README', () => {
  test('R1 its lines give two users of an app each other, where nothing else is installed than it says', async () => {
    await writeFile(join(plain, 'app.js'), `${await readmeLines()}\nconsole.log('listens on', server.address().port)\n`)
    await seeEachOther(people, (await start('app.js')).url)
  })
})

describe('docs/adopt.md', () => {
  test('R8 a host that brings no Redis needs no package for it, and is told when it asks for Redis all the same', async () => {
    await seeEachOther(people, (await start('one-process.js')).url)
    const recipe = await readFile(join(plain, 'one-process.js'), 'utf8')
    await writeFile(join(plain, 'asks.js'), recipe.replace('identify })', "identify, redis: 'redis://localhost' })"))
    await expect(start('asks.js')).rejects.toThrow('The option redis needs the package: npm install redis.')
  })

  test.each(ADAPTERS)(
    'R1 R40 two nodes of a host with %s tell each other, and its own emits go on',
    async (adapter) => {
      const recipe = await readFile(join(withRedis, 'redis-adapter.js'), 'utf8')
      const own = adapter.includes('streams') ? "createAdapter(redis, { streamName: 'shop' })" : '$&'
      await writeFile(
        join(withRedis, 'adapter.js'),
        recipe.replace(ADAPTERS[0] ?? '', adapter).replace(/createAdapter\(redis.*?\}\)/, own),
      )
      const node = () => start('adapter.js', withRedis, { REDIS_URL: inject('redisUrl') })
      const [left, right] = [await node(), await node()]
      await seeEachOther(people, left.url, right.url)
      const [ana, ben] = [await arrive(left.url, people[0]), await arrive(right.url, people[1])]
      const [heardByBoth, kept] = [Promise.all([heard(ana, 'shouted'), heard(ben, 'shouted')]), [] as unknown[]]
      ana.onAny((...args) => kept.push(args))
      ben.emit('shout', 'Hello')
      expect(await heardByBoth).toEqual(['Hello', 'Hello'])
      // Nobody watched anybody since: the adapter carries nothing of ours (R40).
      expect(kept).toEqual([['shouted', 'Hello']])
      ana.disconnect()
      ben.disconnect()
    },
  )

  test('R1 users who are numbers', async () => {
    await database.sequelize.query('create table members (member_no serial primary key)')
    await database.sequelize.query('insert into members default values; insert into members default values')
    await seeEachOther(['1', '2'], (await start('integer-ids.js')).url)
  })

  test('R1 a host in TypeScript compiles as strictly as can be, against what is published', async () => {
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--verbatimModuleSyntax']
    const target = ['--target', 'es2023', '--module', 'nodenext', '--types', 'node', '--skipLibCheck']
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
    await run(process.execPath, [compiler, ...strict, ...target, 'typescript.ts'], { cwd: plain })
    const host = await start('typescript.js')
    await seeEachOther(people, host.url)
    const told = await fetch(`${host.url}/people?online_status=offline`)
    expect(await told.json()).toEqual(expect.arrayContaining([[people[0], false, expect.any(String)]]))
  })

  test('R1 a host of CommonJS modules', async () => {
    const host = await start('commonjs.cjs')
    await seeEachOther(people, host.url)
    expect(host.output()).not.toContain('Warning')
  })
})
