// Floor: node:http that answers with the same bytes whatever it is asked.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serveVerbs } from '../processes/serve-verbs.ts'

/** What this server can be asked. A type, because interfaces are no records. */
export type ReadyMadeVerbs = {
  /** @returns the port */
  start(body: string): Promise<number>
}

const verbs: ReadyMadeVerbs = {
  start(body) {
    const bytes = Buffer.from(body)
    const head = { 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': bytes.length }
    const http = createServer((_request, response) => response.writeHead(200, head).end(bytes))
    return new Promise((resolve) => {
      http.listen(0, '127.0.0.1', () => resolve((http.address() as AddressInfo).port))
    })
  },
}

serveVerbs(verbs)
