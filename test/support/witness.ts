import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What was asked of a node, and how it answered. */
export interface Witnessed {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly status: number
  /** Milliseconds from the request to the end of the answer. */
  readonly tookMs: number
}

/** Stands before a node, passes everything on, and remembers it. */
export interface Witness {
  readonly url: string
  readonly seen: readonly Witnessed[]
  /** Refuses everything from now on, as a node does that is not there. */
  stop(): Promise<void>
}

export async function startWitness(node: string): Promise<Witness> {
  const { hostname, port } = new URL(node)
  const seen: Witnessed[] = []
  const server = createServer((asked, answer) => {
    const { method, url: path = '', headers } = asked
    const from = performance.now()
    const passed = request({ hostname, port, method, path, headers }, (answered) => {
      const { statusCode: status = 0 } = answered
      answer.writeHead(status, answered.headers)
      answered.pipe(answer)
      answer.once('finish', () => seen.push({ path, headers, status, tookMs: performance.now() - from }))
    })
    passed.once('error', () => answer.destroy())
    asked.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    stop: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
