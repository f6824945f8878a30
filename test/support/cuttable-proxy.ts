import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** The way to a port of this machine, which tests can break and mend. */
export interface CuttableProxy {
  readonly port: number
  /** Ends every connection, and those that are tried from now on. */
  cut(): void
  /** Lets everything stand, but nothing through: bytes are swallowed, connections are taken and never answered. */
  hang(): void
  /** Lets new connections through again. Those that hung stay dead, as their bytes are lost, and are ended. */
  mend(): void
  stop(): Promise<void>
}

/** @param hear is told what clients send */
export async function startCuttableProxy(
  targetPort: number,
  hear: (bytes: Buffer) => void = () => {},
): Promise<CuttableProxy> {
  let state: 'open' | 'cut' | 'hung' = 'open'
  const sockets = new Set<Socket>()

  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.setNoDelay()
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  }
  const destroyAll = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  /** Pipes by hand: what arrives while it hangs is read and forgotten, the end of the other side included. */
  const carry = (from: Socket, to: Socket): void => {
    from.on('data', (bytes) => {
      if (state !== 'open' || to.destroyed || to.write(bytes)) return
      from.pause()
      to.once('drain', () => from.resume())
    })
    from.once('close', () => {
      if (state !== 'hung') to.destroy()
    })
  }

  const join = (client: Socket): void => {
    const target = connect(targetPort, '127.0.0.1')
    keep(target)
    client.on('data', hear)
    carry(client, target)
    carry(target, client)
  }

  const server = createServer((client) => {
    keep(client)
    if (state === 'cut') client.destroy()
    else if (state === 'hung') client.resume()
    else join(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      state = 'cut'
      destroyAll()
    },
    hang: () => {
      state = 'hung'
    },
    mend: () => {
      if (state === 'hung') destroyAll()
      state = 'open'
    },
    stop: () => {
      state = 'cut'
      destroyAll()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
