import { createServer, type Server as HttpServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'
import { Server } from 'socket.io'

/** What the test's own server is made of; what the host brought along is used as it is. */
export interface TestServer {
  readonly io: Server
  readonly app: Express
  /** Listens, unless the host does already. @returns the URL */
  listen(): Promise<string>
  /** Closes what was opened here. */
  close(): Promise<void>
}

/** Long enough for no ping to disturb a test that is being debugged. */
const HOUR_MS = 3_600_000

export function createTestServer(given: { io?: Server; app?: Express }): TestServer {
  const app = given.app ?? express()
  const io = given.io ?? new Server({ cors: { origin: true }, pingInterval: HOUR_MS, pingTimeout: HOUR_MS })
  // The types promise one, but a server that nobody attached has none.
  const attached = (io as unknown as { httpServer?: HttpServer }).httpServer
  const http = attached ?? createServer(app)
  if (!attached) io.attach(http)
  const wasListening = http.listening

  return {
    io,
    app,
    async listen() {
      if (!http.listening) await once(http.listen(0, '127.0.0.1'), 'listening')
      return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
    },
    async close() {
      if (!attached) await io.close()
      else if (!wasListening) await closeServer(http)
    },
  }
}

async function closeServer(http: HttpServer): Promise<void> {
  if (!http.listening) return
  const closed = once(http, 'close')
  http.close()
  http.closeAllConnections()
  await closed
}
