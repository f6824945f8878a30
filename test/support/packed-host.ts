import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { io, type Socket } from 'socket.io-client'
import { expect } from 'vitest'

const ROOT = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

/** What npm would publish, in a folder of its own. */
export interface Packed {
  readonly tarball: string
  /** Makes the folder of a host in which there is the package, what it depends on, these packages, and nothing else. */
  install(peers: readonly string[]): Promise<string>
  remove(): Promise<void>
}

/** Packs what is built from these sources: a file that is missing in "files", "exports" or "dependencies" is missing here. */
export async function pack(): Promise<Packed> {
  const home = await mkdtemp(join(tmpdir(), 'porchlight-packed-'))
  await run(process.execPath, [join(ROOT, 'scripts/build.js')])
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', home]
  const { stdout } = await run('npm', args, { cwd: ROOT, maxBuffer: 10_000_000 })
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  const tarball = join(home, filename)
  const unpacked = join(home, 'package')
  await run('tar', ['-xzf', tarball, '-C', home])
  let installed = 0
  return {
    tarball,
    async install(peers) {
      const host = join(home, `host-${installed++}`)
      await mkdir(join(host, 'node_modules'), { recursive: true })
      // Hard links: the package has over a thousand files.
      await run('cp', ['-Rl', unpacked, join(host, 'node_modules/porchlight')])
      await link(join(host, 'node_modules'), peers)
      return host
    },
    remove: () => rm(home, { recursive: true, force: true }),
  }
}

async function link(modules: string, peers: readonly string[]): Promise<void> {
  const { dependencies, bin } = JSON.parse(await readFile(join(modules, 'porchlight/package.json'), 'utf8')) as {
    dependencies: Record<string, string>
    bin: { porchlight: string }
  }
  for (const name of new Set([...Object.keys(dependencies), ...peers])) {
    await mkdir(dirname(join(modules, name)), { recursive: true })
    await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  }
  const command = join(modules, 'porchlight', bin.porchlight)
  await chmod(command, 0o755)
  await mkdir(join(modules, '.bin'))
  await symlink(command, join(modules, '.bin/porchlight'))
}

/** Puts files of the repository into a host's folder. */
export const copyInto = (host: string, path: string): Promise<void> => cp(join(ROOT, path), host, { recursive: true })

export interface RunningHost {
  readonly url: string
  readonly output: () => string
  stop(): Promise<void>
}

/** Starts a host's program on any free port and waits until it prints where it listens. */
export async function startHost(home: string, file: string, env: Record<string, string>): Promise<RunningHost> {
  const options = { cwd: home, env: { PATH: process.env['PATH'] ?? '', PORT: '0', ...env } }
  const child = spawn(process.execPath, [file], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  let output = ''
  const port = await new Promise<string>((found, failed) => {
    const take = (chunk: Buffer): void => {
      output += chunk.toString()
      const [, port] = /listens on \D*(\d+)\n/.exec(output) ?? []
      if (port !== undefined) found(port)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    void ended.then(() => failed(new Error(`it ended before it listened:\n${output}`)))
  })
  return {
    url: `http://127.0.0.1:${port}`,
    output: () => output,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** Runs a script of a host's package.json as npm does. @throws Error with everything that it printed, when it fails */
export async function runScript(home: string, name: string, env: Record<string, string>): Promise<string> {
  const { scripts } = JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const path = [join(home, 'node_modules/.bin'), process.env['PATH']].join(':')
  const { stdout } = await run('sh', ['-c', scripts[name] ?? 'false'], { cwd: home, env: { ...env, PATH: path } })
  return stdout
}

/** A connection of the user that this token names. */
export async function arrive(url: string, token: string): Promise<Socket> {
  const socket = io(url, { auth: { token }, transports: ['websocket'], forceNew: true, reconnectionDelay: 50 })
  await heard(socket, 'selfPresence')
  return socket
}

export const heard = (socket: Socket, event: string): Promise<unknown> =>
  new Promise((resolve) => socket.once(event, resolve))

/** R1: one user watches another one come and go, on one node or on two. */
export async function seeEachOther([ana, ben]: readonly [string, string], url: string, otherUrl = url): Promise<void> {
  const watcher = await arrive(url, ana)
  await watcher.emitWithAck('watch', { users: [ben] })
  const online = heard(watcher, 'userOnline')
  const other = await arrive(otherUrl, ben)
  expect(await online).toMatchObject({ userId: ben, status: 'online' })
  const headers = { authorization: `Bearer ${ana}` }
  const seen = await fetch(`${url}/api/users/presence/${ben}`, { headers })
  expect(await seen.json()).toMatchObject({ userId: ben, online_status: 'online', show_status: true })
  const offline = heard(watcher, 'userOffline')
  other.disconnect()
  expect(await offline).toMatchObject({ userId: ben, status: 'offline' })
  watcher.disconnect()
}
