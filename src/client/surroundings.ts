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
  request(name: string, options: { signal?: AbortSignal }, hold: () => Promise<void>): Promise<unknown>
}

/** The part of BroadcastChannel that sharing needs. */
export interface Channel {
  postMessage(message: unknown): void
  close(): void
  onmessage: ((event: MessageEvent) => void) | null
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

const timers: Timers = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** Reads what this browser, or Node, has to offer. */
export function readSurroundings(): Surroundings {
  const inBrowser = typeof window !== 'undefined' && typeof document !== 'undefined'
  return {
    timers,
    window: inBrowser ? window : null,
    document: inBrowser ? document : null,
    localStorage: inBrowser ? storageOf(() => window.localStorage) : null,
    sessionStorage: inBrowser ? storageOf(() => window.sessionStorage) : null,
    // Insecure contexts have no locks; a server process has no tabs.
    locks: inBrowser && 'locks' in navigator ? navigator.locks : null,
    openChannel: inBrowser && typeof BroadcastChannel === 'function' ? (name) => new BroadcastChannel(name) : null,
    fetch: (input, init) => fetch(input, init),
    io,
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
