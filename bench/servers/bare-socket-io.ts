// Reference: Socket.IO with the same check of tokens, and ready-made answers. It knows nothing of presence.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { jwtVerify } from 'jose'
import { Server, type Socket } from 'socket.io'
import { serveVerbs } from '../processes/serve-verbs.ts'
import type { ServerVerbs } from './verbs.ts'

const http = createServer()
const io = new Server(http, {
  pingInterval: 10_000,
  pingTimeout: 5_000,
  perMessageDeflate: false,
  serveClient: false,
})

/** As many users as were asked for, with what Porchlight says of each. */
function snapshotOf(users: readonly string[]): object {
  const at = new Date().toISOString()
  const presences = users.map((userId) => ({ userId, online_status: 'offline', last_seen: at, show_status: true }))
  const versions = Object.fromEntries(users.map((userId) => [userId, String(Date.now() * 1_000)]))
  return { ok: true, presences, versions, stale: false }
}

function listen(secret: string): Promise<number> {
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const key = crypto.subtle.importKey('raw', new TextEncoder().encode(secret), hmac, false, ['verify'])
  let snapshot: object | null = null
  const verify = async (socket: Socket, next: (error?: Error) => void): Promise<void> => {
    try {
      const { payload } = await jwtVerify(String(socket.handshake.auth['token']), await key, { algorithms: ['HS256'] })
      Object.assign(socket.data, { user: { id: payload.sub } })
    } catch (error) {
      next(error instanceof Error ? error : new Error('refused'))
      return
    }
    next()
  }
  io.use((socket, next) => {
    void verify(socket, next)
  })
  io.on('connection', (socket) => {
    // Known to save memory: the request of the handshake is kept by Engine.IO, and nobody needs it any more.
    Object.assign(socket.conn, { request: null })
    socket.on('activity', () => {
      Object.assign(socket.data, { activeAt: Date.now() })
    })
    socket.on('watch', ({ users }: { users: string[] }, ack: (answer: object) => void) => {
      // Made once: every client of a bench asks for equally many.
      snapshot ??= snapshotOf(users)
      ack(snapshot)
    })
  })
  return new Promise((resolve) => {
    http.listen(0, '127.0.0.1', 4_096, () => resolve((http.address() as AddressInfo).port))
  })
}

const nothingChanges = (): never => {
  throw new Error('Nobody comes and goes here')
}

const verbs: ServerVerbs = {
  start: ({ secret }) => listen(secret),
  setAll: nothingChanges,
  startChanges: nothingChanges,
  stopChanges: nothingChanges,
  startActivities: nothingChanges,
  stopActivities: nothingChanges,
  connections: () => io.of('/').sockets.size,
  refused: () => 0,
  stop: async () => {
    io.engine.close()
    http.close()
  },
}

serveVerbs(verbs)
