import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Server } from 'socket.io'
import { io as connect, type Socket } from 'socket.io-client'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type {
  ClientToServer,
  ErrorReply,
  PresenceInfo,
  PresenceUpdate,
  ServerToClient,
  StatusEvent,
  WatchReply,
} from '../src/protocol/index.ts'

const ROOT = resolve(import.meta.dirname, '..')

// What plain users of socket.io and socket.io-client write. These functions are compiled, and never called.

export function page(socket: Socket<ServerToClient, ClientToServer>): void {
  socket.on('presenceUpdate', (update) => expectTypeOf(update).toEqualTypeOf<PresenceUpdate>())
  socket.on('presenceDiff', ({ changed }) => expectTypeOf(changed).toEqualTypeOf<PresenceUpdate[]>())
  socket.once('userOnline', (event) => expectTypeOf(event).toEqualTypeOf<StatusEvent>())
  socket.on('selfPresence', (info) => expectTypeOf(info).toEqualTypeOf<PresenceInfo>())
  socket.on('drain', ({ reconnect_in_ms }) => expectTypeOf(reconnect_in_ms).toEqualTypeOf<number>())
  // @ts-expect-error there is no such event
  socket.on('presenceChanged', () => {})
  // @ts-expect-error it brings an object
  socket.on('resync', (hint: { users: string[] }) => hint)

  socket.emit('activity')
  socket.emit('unwatch', {}, (reply) => expectTypeOf(reply).toEqualTypeOf<{ ok: true } | ErrorReply>())
  socket.emit('watch', { users: ['a'], known: { a: '7' } }, (reply) => {
    expectTypeOf(reply).toEqualTypeOf<WatchReply | ErrorReply>()
    if (reply.ok) expectTypeOf(reply.presences).toEqualTypeOf<PresenceInfo[]>()
    else expectTypeOf(reply.error.retryable).toEqualTypeOf<boolean>()
  })
  socket.timeout(1_000).emit('setStatus', { status: 'dnd', message: null }, (late, reply) => {
    expectTypeOf(late).toEqualTypeOf<Error>()
    expectTypeOf(reply).toEqualTypeOf<{ ok: true; presence: PresenceInfo } | ErrorReply>()
  })
  // @ts-expect-error hiding is for that
  socket.emit('setStatus', { status: 'offline' }, () => {})
  // @ts-expect-error an answer is asked for
  socket.emit('watch', { users: [] })
  // @ts-expect-error the whole list, under its name
  socket.emit('watch', ['a'], () => {})
}

export async function pageThatWaits(socket: Socket<ServerToClient, ClientToServer>): Promise<void> {
  const watched = await socket.emitWithAck('watch', { users: ['a'] })
  expectTypeOf(watched).toEqualTypeOf<WatchReply | ErrorReply>()
  const decided = await socket.emitWithAck('setStatus', { status: 'away', expires_in: 60 })
  expectTypeOf(decided).toEqualTypeOf<{ ok: true; presence: PresenceInfo } | ErrorReply>()
  // @ts-expect-error it wants a list
  await socket.emitWithAck('watch', { users: 'a' })
}

export function server(io: Server<ClientToServer, ServerToClient>, update: PresenceUpdate): void {
  io.emit('presenceUpdate', update)
  io.to('room').emit('presenceDiff', { changed: [update] })
  // @ts-expect-error a version is text
  io.emit('userOffline', { userId: 'a', status: 'offline', version: 7 })
  io.on('connection', (socket) => {
    socket.emit('resync')
    socket.on('watch', ({ users }, ack) => {
      expectTypeOf(users).toEqualTypeOf<string[]>()
      ack({ ok: true, presences: [], versions: {}, stale: false })
      // @ts-expect-error this is no answer to it
      ack({ ok: true })
    })
    // @ts-expect-error clients do not send it
    socket.on('presenceUpdate', () => {})
  })
}

describe('typed events', () => {
  test('compile for plain users of socket.io and socket.io-client, and refuse what is wrong', async () => {
    expect(await complaints()).toBe('')
  })

  test('are those of a client as it is made', () => {
    const socket: Socket<ServerToClient, ClientToServer> = connect('http://127.0.0.1', {
      autoConnect: false,
      ackTimeout: 1_000,
    })
    expect(socket.connected).toBe(false)
  })
})

/** What the compiler says of this file, as a host would compile it. */
async function complaints(): Promise<string> {
  const folder = await mkdtemp(join(ROOT, 'node_modules/.typed-events-'))
  try {
    const config = join(folder, 'tsconfig.json')
    const options = { noEmit: true, rootDir: ROOT, typeRoots: [join(ROOT, 'node_modules/@types')] }
    const content = {
      extends: join(ROOT, 'tsconfig.base.json'),
      compilerOptions: options,
      files: [import.meta.filename],
    }
    await writeFile(config, JSON.stringify(content))
    return await new Promise((done) => {
      execFile(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', config], (_error, out) =>
        done(out),
      )
    })
  } finally {
    await rm(folder, { recursive: true })
  }
}
