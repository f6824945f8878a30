// Reference: as little as a server can do with `ws`. No check of tokens, no state, a topic for each user; an update is
// worded and framed once, and the finished frame is written to every receiver.
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import * as ws from 'ws'
import { serveVerbs } from '../processes/serve-verbs.ts'
import { createChanger } from './changer.ts'
import type { ServerVerbs } from './verbs.ts'

/** The part of `ws` that its types leave out. */
interface Internals {
  readonly _socket: Socket
  readonly _sender: { sendFrame(frame: Buffer[]): void }
}
const { Sender } = ws as unknown as { Sender: { frame(payload: Buffer, options: object): Buffer[] } }

const FRAME = { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: false }

const http = createServer()
const server = new ws.WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: true })
const topics = new Map<string, Set<Internals>>()
let version = Date.now() * 1_000

server.on('connection', (client) => {
  const internals = client as unknown as Internals
  let watched: readonly string[] = []
  const leave = () => {
    for (const userId of watched) topics.get(userId)?.delete(internals)
  }
  client.on('message', (data: Buffer) => {
    leave()
    watched = JSON.parse(data.toString()) as string[]
    for (const userId of watched) {
      const topic = topics.get(userId)
      if (topic) topic.add(internals)
      else topics.set(userId, new Set([internals]))
    }
    client.send('42["watching"]')
  })
  client.on('close', leave)
  client.on('error', leave)
})

/** The very bytes that Porchlight sends to one watcher of one user. */
function publish(userId: string, present: boolean, at: number): void {
  const receivers = topics.get(userId)
  if (!receivers || receivers.size === 0) return
  const timestamp = new Date(at).toISOString()
  const status = present ? 'online' : 'offline'
  const update = { userId, status, timestamp, last_seen: timestamp, version: String(++version) }
  const payload = Buffer.from(`42${JSON.stringify(['presenceDiff', { changed: [update] }])}`)
  const frame = Buffer.concat(Sender.frame(payload, FRAME))
  for (const { _sender } of receivers) _sender.sendFrame([frame])
}

/** Whether the network took everything: otherwise this would measure a growing queue. */
function hasWritten(): boolean {
  for (const client of server.clients) {
    const { _socket: socket } = client as unknown as Internals
    if (socket.writableLength > 0) return false
  }
  return true
}

const changer = createChanger(publish, hasWritten)

const nobodyIsActive = (): never => {
  throw new Error('Nobody is active here')
}

const verbs: ServerVerbs = {
  start: () =>
    new Promise((resolve) => {
      http.listen(0, '127.0.0.1', 4_096, () => resolve((http.address() as AddressInfo).port))
    }),
  setAll: changer.setAll,
  startChanges: changer.start,
  stopChanges: changer.stop,
  startActivities: nobodyIsActive,
  stopActivities: nobodyIsActive,
  connections: () => server.clients.size,
  refused: () => 0,
  stop: async () => {
    for (const client of server.clients) client.terminate()
    http.close()
  },
}

serveVerbs(verbs)
