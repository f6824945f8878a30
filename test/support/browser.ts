import { io, type Socket } from 'socket.io-client'
import type { PresenceClient, PresenceClientOptions } from '../../src/client/index.ts'
import { assemblePresenceClient } from '../../src/client/presence-client.ts'
import { type Locks, openBroadcast, readSurroundings, type Surroundings } from '../../src/client/surroundings.ts'
import type { WatchRequest } from '../../src/protocol/index.ts'
import type { Person } from './marketplace.ts'

export interface Tab {
  readonly client: PresenceClient
  /** Ends as a crashed tab does: nothing is said, the browser takes its locks, channel and sockets away. */
  crash(): void
  /** Stops as a page does whose main thread is blocked: it hears and says nothing, and keeps what it holds. */
  hang(): void
  wake(): void
  show(visibility: string): void
  readonly window: EventTarget
}

export interface Browser {
  readonly sockets: Socket[]
  readonly sent: [event: string, payload: unknown][]
  connected(): number
  /** The watch lists that were sent since `sent` was emptied. */
  lists(): readonly string[][]
  open(person: Person, options?: Partial<PresenceClientOptions>): Tab
  close(): void
}

/** How many times faster than the clock the timers of some tests run. */
export const FAST = 5

/** A browser in this process: real connections and channels, with locks, storage and tabs of its own. */
export function openBrowser(url: string, speed = 1): Browser {
  const scope = `browser-${Math.random()}`
  const storage = new Map<string, string>()
  const locks = createLockManager()
  const timers = timersAt(speed)
  const sockets: Socket[] = []
  const sent: [string, unknown][] = []
  const clients: PresenceClient[] = []
  return {
    sockets,
    sent,
    connected: () => sockets.filter(({ connected }) => connected).length,
    lists: () => sent.filter(([event]) => event === 'watch').map(([, payload]) => (payload as WatchRequest).users),
    open(person, options = {}) {
      const thread = createThread()
      const tab = locks.client(thread.run)
      const page = new EventTarget()
      const document = Object.assign(new EventTarget(), { visibilityState: 'visible' })
      const mine: Socket[] = []
      const channels: ReturnType<typeof openBroadcast>[] = []
      let isDead = false
      const client = assemblePresenceClient(
        { url, token: () => person.token, ...options },
        {
          ...readSurroundings(),
          timers,
          window: page as Window,
          document: document as Document,
          localStorage: {
            getItem: (key: string) => storage.get(key) ?? null,
            setItem: (key: string, value: string) => void storage.set(key, value),
          } as Storage,
          locks: tab,
          openChannel(name) {
            const channel = openBroadcast(`${scope}:${name}`)
            channels.push(channel)
            return {
              close: channel.close,
              post: (message) => thread.run(() => (isDead ? undefined : channel.post(message))),
              listen: (listener) => channel.listen((message) => thread.run(() => listener(message))),
            }
          },
          io: ((to: string, opts: object) => {
            const socket = io(to, opts)
            socket.onAnyOutgoing((event: string, payload: unknown) => sent.push([event, payload]))
            sockets.push(socket)
            mine.push(socket)
            return socket
          }) as typeof io,
        },
      )
      clients.push(client)
      client.connect()
      return {
        client,
        window: page,
        hang: thread.block,
        wake: thread.unblock,
        show(visibility) {
          document.visibilityState = visibility
          document.dispatchEvent(new Event('visibilitychange'))
        },
        crash() {
          isDead = true
          for (const channel of channels) channel.close()
          for (const socket of mine) {
            socket.io.reconnection(false)
            if (socket.connected) socket.io.engine.close()
          }
          tab.die()
        },
      }
    },
    close: () => {
      for (const client of clients) client.close()
    },
  }
}

/** What a page does and hears of other tabs, in order; while it is blocked all of it waits. */
function createThread(): { run(task: () => void): void; block(): void; unblock(): void } {
  let waiting: (() => void)[] | null = null
  return {
    run: (task) => (waiting ? void waiting.push(task) : task()),
    block() {
      waiting = []
    },
    unblock() {
      const tasks = waiting ?? []
      waiting = null
      for (const task of tasks) task()
    },
  }
}

function timersAt(speed: number): Surroundings['timers'] {
  const { timers } = readSurroundings()
  const start = timers.now()
  return {
    now: () => start + (timers.now() - start) * speed,
    after: (ms, run) => timers.after(ms / speed, run),
  }
}

interface LockRequest {
  readonly tab: object
  grant(): void
  /** Its lock is taken away. */
  rob(): void
}

/**
 * The Web Locks API as far as exclusive locks go: queues in order, aborts what waits, frees what a dead tab held, and lets
 * one steal.
 */
function createLockManager(): { client(run: (task: () => void) => void): Locks & { die(): void } } {
  const queues = new Map<string, LockRequest[]>()
  const next = (name: string): void => queues.get(name)?.[0]?.grant()
  return {
    client(run) {
      const tab = {}
      return {
        request: (name, { signal, steal }, hold) =>
          new Promise((resolve, reject) => {
            const queue = queues.get(name) ?? []
            queues.set(name, queue)
            let isGranted = false
            const leave = (): void => {
              const at = queue.indexOf(entry)
              if (at < 0) return
              queue.splice(at, 1)
              if (at === 0) next(name)
            }
            const abort = (): void => reject(new DOMException('The request was aborted.', 'AbortError'))
            const entry: LockRequest = {
              tab,
              grant() {
                if (isGranted) return
                isGranted = true
                setImmediate(() => void hold().then(resolve, reject).finally(leave))
              },
              rob: () => run(abort),
            }
            if (steal) queue.splice(0, 1, entry)[0]?.rob()
            else queue.push(entry)
            signal?.addEventListener('abort', () => {
              if (isGranted) return
              leave()
              abort()
            })
            if (queue[0] === entry) entry.grant()
          }),
        die() {
          for (const [name, queue] of queues) {
            const held = queue[0]?.tab === tab
            const others = queue.filter((entry) => entry.tab !== tab)
            queue.splice(0, queue.length, ...others)
            if (held) next(name)
          }
        },
      }
    },
  }
}
