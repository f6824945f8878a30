import { type Process, startProcess } from '../processes/start-process.ts'
import type { ServerVerbs } from '../servers/verbs.ts'
import type { BenchServer, World } from '../world.ts'

/** A node that shares a Redis with others; ended by `end`. */
export async function startNode(
  { databaseUrl, secret }: World,
  options: Readonly<Record<string, string>>,
): Promise<BenchServer> {
  const server: Process<ServerVerbs> = await startProcess(new URL('../servers/porchlight.ts', import.meta.url))
  const port = await server.call('start', { databaseUrl, secret, options })
  const end = async (): Promise<void> => {
    await server.call('stop')
    await server.end()
  }
  return { ...server, port, wire: 'socket.io', end }
}
