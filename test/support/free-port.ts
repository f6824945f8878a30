import { createServer } from 'node:net'

// Below the ports that the system gives to connections, so that none is in the way; a Redis Cluster uses one 10,000 above, too.
const PORTS = { from: 12_000, to: 22_000 }

const given = new Set<number>()

/** A port that is free, as is the one 10,000 above it, and that this process did not get before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from))
    if (given.has(port)) continue
    given.add(port)
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
