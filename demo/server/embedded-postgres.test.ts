import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Client, type QueryResultRow } from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type EmbeddedPostgres, findEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { isAlive } from './process-identity.ts'
import { acquireProcessLock } from './process-lock.ts'

let home: string
let dataDir: string
let started: EmbeddedPostgres[]

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'porchlight-test-'))
  // Nobody else may enter, as in a project below /root.
  await chmod(home, 0o700)
  dataDir = join(home, '.data', 'postgres')
  started = []
})

afterEach(async () => {
  await Promise.all(started.map((server) => server.stop()))
  await rm(home, { recursive: true, force: true })
})

describe('the embedded PostgreSQL', { timeout: 30_000 }, () => {
  test('keeps its data from one start to the next, and sorts text by code point', async () => {
    const first = await start()
    await query(first.url, `create table names as select unnest(array['b', 'a', 'é', 'B']) as name`)
    await first.stop()

    const second = await start()
    expect(second.adopted).toBe(false)
    const names = await query<{ name: string }>(second.url, 'select name from names order by name')
    expect(names.map(({ name }) => name)).toEqual(['B', 'a', 'b', 'é'])
    const [encoding] = await query<{ server_encoding: string }>(second.url, 'show server_encoding')
    expect(encoding?.server_encoding).toBe('UTF8')
  })

  test('asks for the password, which only the owner of the project can read', async () => {
    const server = await start()
    await expect(query(server.url.replace(/:\w+@/, ':guess@'), 'select 1')).rejects.toThrow(/password/)
    expect((await stat(`${dataDir}.password`)).mode & 0o777).toBe(0o600)
  })

  test('is refused to a second process with a sentence that names the first', async () => {
    expect(await findEmbeddedPostgres({ dataDir })).toBeNull()
    const server = await start()
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(
      `Another Porchlight (process ${process.pid}) already uses ${dataDir}; stop it, or set DATABASE_URL`,
    )
    expect(await query(server.url, 'select 1 as alive')).toEqual([{ alive: 1 }])
    expect(await findEmbeddedPostgres({ dataDir })).toBe(server.url)
  })

  test('is adopted after a kill -9 of Node, and ends with the one that adopted it', async () => {
    const { process: killed, url } = await startInChild()
    await query(url, 'create table survived ()')
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    const pid = await postmasterPid()
    expect(isAlive(pid)).toBe(true)

    const heir = await start()
    expect(heir).toMatchObject({ adopted: true, url })
    expect(await query(heir.url, 'select * from survived')).toEqual([])
    await heir.stop()
    expect(isAlive(pid)).toBe(false)
    expect(await findEmbeddedPostgres({ dataDir })).toBeNull()
  })

  test('leaves no process behind when Node ends without stop()', async () => {
    const { process: child } = await startInChild()
    const pid = await postmasterPid()
    child.stdin?.end()
    await once(child, 'exit')
    await expect.poll(() => isAlive(pid), { timeout: 10_000, interval: 20 }).toBe(false)
  })

  test('is not fooled by a postmaster.pid that names an unrelated process', async () => {
    await (await start()).stop()
    const lines = [process.pid, dataDir, 1, 20_000, '', '127.0.0.1', '', 'ready']
    await writeFile(join(dataDir, 'postmaster.pid'), `${lines.join('\n')}\n`)
    expect((await start()).adopted).toBe(false)
  })

  test('says what to do about a folder that is something else, and about data of another version', async () => {
    await mkdir(dataDir, { recursive: true })
    await writeFile(join(dataDir, 'diary.txt'), 'dear diary')
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/is no PostgreSQL data directory: move it away/)
    await writeFile(join(dataDir, 'PG_VERSION'), '15\n')
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/made by PostgreSQL 15/)
  })

  test('quotes its own log when it cannot start, and lets the next one try', async () => {
    await (await start()).stop()
    const settings = await readFile(join(dataDir, 'postgresql.conf'), 'utf8')
    await writeFile(join(dataDir, 'postgresql.conf'), `${settings}\nshared_buffers = much\n`)
    await expect(startEmbeddedPostgres({ dataDir })).rejects.toThrow(/invalid value for parameter "shared_buffers"/)
    await writeFile(join(dataDir, 'postgresql.conf'), settings)
    await start()
  })
})

describe('the process lock', () => {
  test('has one holder, and is free again after release and after the death of its holder', async () => {
    const path = join(home, 'lock')
    const first = acquireProcessLock(path)
    expect(first.acquired).toBe(true)
    expect(acquireProcessLock(path)).toEqual({ acquired: false, heldBy: process.pid })
    if (first.acquired) first.release()
    const second = acquireProcessLock(path)
    expect(second.acquired).toBe(true)

    // A dead process, and a living one that got the number of a dead one.
    await writeFile(`${path}.9`, JSON.stringify({ pid: 4_194_303, startedAt: '1' }))
    expect(acquireProcessLock(path).acquired).toBe(true)
    await writeFile(`${path}.20`, JSON.stringify({ pid: process.pid, startedAt: 'long ago' }))
    expect(acquireProcessLock(path).acquired).toBe(true)
  })
})

async function start(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir })
  started.push(server)
  return server
}

/** Another Node that runs the embedded PostgreSQL until its stdin ends, and then just ends. */
async function startInChild(): Promise<{ process: ChildProcess; url: string }> {
  const module = join(dirname(fileURLToPath(import.meta.url)), 'embedded-postgres.ts')
  const program = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(module)})
    console.log((await startEmbeddedPostgres({ dataDir: ${JSON.stringify(dataDir)} })).url)
    process.stdin.resume()`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [url]: string[] = await once(createInterface(child.stdout), 'line')
  return { process: child, url: url ?? '' }
}

const postmasterPid = async (): Promise<number> =>
  Number((await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[0])

async function query<Row extends QueryResultRow>(connectionString: string, sql: string): Promise<Row[]> {
  const client = new Client({ connectionString })
  try {
    await client.connect()
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}
