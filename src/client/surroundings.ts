import { io } from 'socket.io-client'

/** Time as the client sees it; tests bring their own. */
export interface Timers {
  /** Epoch milliseconds. The wall clock, because it goes on while a machine sleeps. */
  now(): number
  /** @returns takes it back */
  after(ms: number, run: () => void): () => void
}

/** The part of the Web Locks API that sharing needs. */
export interface Locks {
  request(name: string, options: { signal?: AbortSignal; steal?: boolean }, hold: () => Promise<void>): Promise<unknown>
}

/** What one tab says reaches all others of this browser that opened a channel of the same name, not itself. */
export interface Channel {
  post(message: unknown): void
  listen(listener: (message: unknown) => void): void
  /** Nothing is heard afterwards. */
  close(): void
}

/** Everything the client takes from where it runs. What is missing is null; nothing of it is touched before it is needed. */
export interface Surroundings {
  readonly timers: Timers
  readonly window: Window | null
  readonly document: Document | null
  readonly localStorage: Storage | null
  readonly sessionStorage: Storage | null
  readonly locks: Locks | null
  readonly openChannel: ((name: string) => Channel) | null
  readonly fetch: typeof fetch
  readonly io: typeof io
}

/** Longest delay that a browser's timers can count, in milliseconds; a longer one would fire at once. */
const LONGEST_MS = 2_147_483_647

/** The wall clock, but one that never steps back: what grew old does not become fresh again because a clock was set right. */
function createTimers(): Timers {
  let last = { wall: 0, steady: 0 }
  return {
    now() {
      const steady = performance.now()
      const wall = Math.max(Date.now(), last.wall + (steady - last.steady))
      last = { wall, steady }
      return wall
    },
    after(ms, run) {
      const timer = setTimeout(run, Math.min(ms, LONGEST_MS))
      return () => clearTimeout(timer)
    },
  }
}

/** Reads what this browser, or Node, has to offer. */
export function readSurroundings(): Surroundings {
  const inBrowser = typeof window !== 'undefined' && typeof document !== 'undefined'
  return {
    timers: createTimers(),
    window: inBrowser ? window : null,
    document: inBrowser ? document : null,
    localStorage: inBrowser ? storageOf(() => window.localStorage) : null,
    sessionStorage: inBrowser ? storageOf(() => window.sessionStorage) : null,
    // Insecure contexts have no locks; a server process has no tabs.
    locks: inBrowser && 'locks' in navigator ? navigator.locks : null,
    openChannel: inBrowser && typeof BroadcastChannel === 'function' ? openBroadcast : null,
    fetch: (input, init) => fetch(input, init),
    io,
  }
}

export function openBroadcast(name: string): Channel {
  const channel = new BroadcastChannel(name)
  return {
    // A broadcast stays within its origin: there is no target to name.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    post: (message) => channel.postMessage(message),
    listen: (listener) => channel.addEventListener('message', ({ data }) => listener(data)),
    close: () => channel.close(),
  }
}

/** Reading the property itself may throw, where a person blocked storage. */
function storageOf(read: () => Storage): Storage | null {
  try {
    return read()
  } catch {
    return null
  }
}
