import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MADE_AT } from './requests.ts'

/**
 * Stands between a cache and a node and writes on every answer when it was made, so that whoever gets it from the cache knows how old it
 * is. Whole answers only: a cache that is told that nothing changed would go on with the old moment.
 *
 * @returns its port
 */
export async function startStampingProxy(nodePort: number): Promise<number> {
  const agent = new Agent({ keepAlive: true })
  const proxy = createServer((incoming, outgoing) => {
    const { 'if-none-match': _, ...headers } = incoming.headers
    request(
      { host: '127.0.0.1', port: nodePort, path: incoming.url, method: incoming.method, headers, agent },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, [MADE_AT]: String(Date.now()) })
        answer.pipe(outgoing)
      },
    )
      .on('error', () => outgoing.destroy())
      .end()
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return (proxy.address() as AddressInfo).port
}
