import type { createClient } from 'redis'

type Client = ReturnType<typeof createClient>

/** A connection that only listens, for as long as it is not closed. */
export interface Ears {
  connect(): Promise<void>
  subscribe(channel: string, listener: (message: string) => void): Promise<void>
  /** Gives the connection up for a new one: it may be deaf. */
  renew(): void
  close(): void
}

export interface EarsOptions {
  /** Makes a client that does not come back by itself: a lost connection is replaced, with all that was subscribed. */
  readonly make: () => Client
  readonly onError: (error: Error) => void
  /** Milliseconds until a lost connection is replaced. */
  readonly againAfterMs: number
  /** Milliseconds that a connection may take until it listens to everything. */
  readonly timeoutMs: number
}

/**
 * Listens to shard channels. A client that comes back by itself subscribes anew before it answers anything, and one that is stuck in that
 * stays stuck; a new one has no past.
 */
export function createEars({ make, onError, againAfterMs, timeoutMs }: EarsOptions): Ears {
  const listeners = new Map<string, (message: string) => void>()
  const closing = new AbortController()
  let current: Client | null = null
  let giveUp: () => void = () => {}

  const hear = (message: string, channel: string): void => listeners.get(channel)?.(message)

  /** @returns resolves when the connection is lost, or given up */
  async function listen(client: Client, onReady: () => void): Promise<void> {
    const lost = new Promise<void>((resolve) => {
      giveUp = resolve
      client.on('error', (error: Error) => {
        if (!closing.signal.aborted) onError(error)
        resolve()
      })
      client.on('end', resolve)
    })
    async function begin(): Promise<void> {
      await client.connect()
      if (listeners.size > 0) await client.sSubscribe([...listeners.keys()], hear)
      current = client
      onReady()
    }
    const late = setTimeout(() => {
      if (current !== client) giveUp()
    }, timeoutMs)
    await Promise.race([lost, begin().then(() => lost)]).finally(() => clearTimeout(late))
  }

  async function live(onReady: () => void): Promise<void> {
    while (!closing.signal.aborted) {
      const client = make()
      await listen(client, onReady).catch(onError)
      current = null
      if (client.isOpen) client.destroy()
      await new Promise((resolve) => setTimeout(resolve, againAfterMs))
    }
  }

  return {
    connect: () => new Promise((resolve) => void live(resolve)),
    async subscribe(channel, listener) {
      listeners.set(channel, listener)
      await current?.sSubscribe(channel, hear)
    },
    renew: () => giveUp(),
    close: () => {
      closing.abort()
      giveUp()
    },
  }
}
