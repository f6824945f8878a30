import type { Presence, PresenceClient } from '../../src/client/contract.ts'

interface Watchable<Value> {
  get(): Value
  subscribe(listener: () => void): () => void
}

/** Waits until a value fits. The test's own time limit ends it. */
export function until<Value>(readable: Watchable<Value>, fits: (value: Value) => boolean): Promise<Value> {
  return new Promise((resolve) => {
    let stop = (): void => undefined
    const look = (): void => {
      if (!fits(readable.get())) return
      stop()
      resolve(readable.get())
    }
    stop = readable.subscribe(look)
    look()
  })
}

/** Waits until a client shows a user like this. */
export const shows = (client: PresenceClient, userId: string, fits: Partial<Presence>): Promise<Presence> =>
  until({ get: () => client.get(userId), subscribe: (listener) => client.subscribe(userId, listener) }, (presence) =>
    Object.entries(fits).every(([name, value]) => presence[name as keyof Presence] === value),
  )
