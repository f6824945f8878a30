import type { Heard, HeardUpdate } from './frames.ts'
import type { Tallying } from './tally.ts'
import { openWebSocket } from './web-socket.ts'

export interface ClientSettings {
  readonly port: number
  /** `raw`: a bare WebSocket. `socket.io`: Engine.IO 4 and Socket.IO 5, spoken by hand. */
  readonly wire: 'raw' | 'socket.io'
  /** The handshake's `auth`. */
  readonly auth: object
  readonly watch: readonly string[]
  /** Where it connects from. @default wherever the system says */
  readonly localAddress?: string
  /** Called with every update, where the bench wants to know what each client ends up with. */
  readonly onUpdates?: (updates: readonly HeardUpdate[]) => void
}

/** One connection of the load generator. */
export interface Client {
  /** Replaces what is watched; resolves with the answer. */
  watch(users: readonly string[]): Promise<string>
  /** Watches a search; resolves with the answer. */
  watchSearch(query: object): Promise<string>
  /** Sends a sign of use; resolves with the answer. */
  beActive(): Promise<string>
  /** Sends an event that nobody answers. */
  send(text: string): void
  /** Ends the connection: without a word, as a radio does, or with a goodbye. */
  end(how: 'abrupt' | 'clean'): void
  readonly ended: Promise<void>
}

/** What all clients of a process share. */
export interface Shared {
  readonly tally: Tallying
  readonly read: (frame: Buffer) => Heard
}

/** Connects, says who it is, and watches; resolves when the snapshot is there. @throws Error when it is refused or lost */
export function openClient({ tally, read }: Shared, settings: ClientSettings): Promise<Client> {
  const { port, wire, auth, watch: first, onUpdates, localAddress } = settings
  const raw = wire === 'raw'
  const answers = new Map<number, (text: string) => void>()
  const ended = lateResolved()
  let lastAck = 0
  let wanted = true

  return new Promise((resolve, reject) => {
    const socket = openWebSocket(
      port,
      raw ? '/' : '/socket.io/?EIO=4&transport=websocket',
      {
        opened: () => raw && join(),
        message: (frame) => {
          tally.frame(frame.length)
          hear(read(frame))
        },
        closed: (reason) => {
          if (wanted) tally.lost()
          ended.resolve()
          reject(new Error(`A connection ended: ${reason}`))
        },
      },
      localAddress,
    )

    const ask = (event: string, payload: object): Promise<string> =>
      new Promise((answered) => {
        const id = lastAck++
        answers.set(id, answered)
        socket.send(`42${id}${JSON.stringify([event, payload])}`)
      })

    const client: Client = {
      watch: (users) => (raw ? watchRaw(users) : ask('watch', { users })),
      watchSearch: (query) => ask('watchProviders', query),
      beActive: () => ask('activity', {}),
      send: socket.send,
      end(how) {
        wanted = false
        if (how === 'abrupt') return socket.drop()
        if (!raw) socket.send('41')
        socket.close()
      },
      ended: ended.promise,
    }

    function watchRaw(users: readonly string[]): Promise<string> {
      return new Promise((answered) => {
        answers.set(0, answered)
        socket.send(JSON.stringify(users))
      })
    }

    function hear(heard: Heard): void {
      if (heard.kind === 'updates') {
        tally.heard(heard.updates, Date.now())
        onUpdates?.(heard.updates)
      } else if (heard.kind === 'ping') socket.send('3')
      else if (heard.kind === 'open') socket.send(`40${JSON.stringify(auth)}`)
      else if (heard.kind === 'joined') join()
      else if (heard.kind === 'ack') answer(heard.id, heard.text)
      else if (heard.kind === 'refused') reject(new Error(`A connection was refused: ${heard.text}`))
      else if (heard.name === 'watching') answer(0, '')
      else if (heard.name === 'resync') tally.resync()
    }

    function answer(id: number, text: string): void {
      answers.get(id)?.(text)
      answers.delete(id)
    }

    function join(): void {
      watchFirst().then(resolve, reject)
    }

    async function watchFirst(): Promise<Client> {
      if (first.length === 0) return client
      const text = await client.watch(first)
      if (text.includes('"ok":false')) throw new Error(`A watch was refused: ${text}`)
      return client
    }
  })
}

function lateResolved(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve: () => resolve() }
}
