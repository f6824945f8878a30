import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** The network between a browser and the server. */
export interface Cable {
  /** Where the server is found through it. */
  readonly url: string
  /** From now on nothing arrives, at neither end, and nobody is told: every connection of this moment is dead. */
  loseEverything(): void
  close(): Promise<void>
}

export async function layCable(to: string): Promise<Cable> {
  const { hostname, port } = new URL(to)
  const ends = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
    for (const end of [near, far]) {
      ends.add(end)
      // A reset at one end is an end to the other.
      end.on('error', () => undefined)
      end.on('close', () => ends.delete(end))
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseEverything() {
      for (const end of ends) end.unpipe().pause()
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const end of ends) end.destroy()
      }),
  }
}
