import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What stands in front of nodes: connections go to one after the other, and past those that take none. */
export interface Balancer {
  readonly url: string
  /** Connections that come from now on go to these. */
  use(nodes: readonly { readonly url: string }[]): void
  stop(): Promise<void>
}

export async function startBalancer(): Promise<Balancer> {
  let ports: readonly number[] = []
  let turn = 0
  const sockets = new Set<Socket>()

  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  }

  function pass(client: Socket, tries: readonly number[]): void {
    const [port, ...others] = tries
    if (port === undefined || client.destroyed) return void client.destroy()
    const node = connect(port, '127.0.0.1')
    keep(node)
    // Nothing was sent yet, so another node may have it.
    const refused = (): void => pass(client, others)
    node.once('error', refused)
    node.once('connect', () => {
      node.off('error', refused)
      client.pipe(node).pipe(client)
      client.once('close', () => node.destroy())
      node.once('close', () => client.destroy())
    })
  }

  const server = createServer((client) => {
    keep(client)
    turn += 1
    pass(client, [...ports.slice(turn % ports.length), ...ports.slice(0, turn % ports.length)])
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    use: (nodes) => {
      ports = nodes.map(({ url }) => Number(new URL(url).port))
    },
    stop: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
