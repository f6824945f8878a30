import type { PresenceClient } from 'porchlight/client'
import { createSignal, type Signal } from '../state/signal.ts'

/** The messages that the person at this page reported, each by who shows it. The server answers a second report as the first. */
export interface Reported {
  readonly messages: Pick<Signal<ReadonlyMap<string, string>>, 'get' | 'subscribe'>
  add(userId: string, message: string): void
  /** Another person is at the page, who reported nothing yet. */
  follow(client: Pick<PresenceClient, 'onChange'>): void
}

export function createReported(): Reported {
  const messages = createSignal<ReadonlyMap<string, string>>(new Map())
  let unfollow = (): void => undefined

  const forget = (userId: string): void => {
    const kept = new Map(messages.get())
    if (kept.delete(userId)) messages.set(kept)
  }
  return {
    messages,
    add: (userId, message) => messages.set(new Map(messages.get()).set(userId, message)),
    follow(client) {
      unfollow()
      messages.set(new Map())
      // Whoever says it again after it was cleared can be reported again.
      unfollow = client.onChange(({ userId, after }) => {
        if (after.message !== messages.get().get(userId)) forget(userId)
      })
    },
  }
}
