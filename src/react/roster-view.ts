import type { Presence, PresenceClient, Readable } from '../client/contract.ts'

/** Several users' presences as one value, in the order of the ids. */
export function createRosterView(
  client: Pick<PresenceClient, 'get' | 'subscribe'>,
  userIds: readonly string[],
): Readable<readonly Presence[]> {
  let shown: readonly Presence[] | null = null

  return {
    get() {
      const isCurrent = shown?.every((presence, index) => presence === client.get(userIds[index] ?? '')) ?? false
      if (shown === null || !isCurrent) shown = userIds.map((userId) => client.get(userId))
      return shown
    },
    subscribe(listener) {
      const stops = Array.from(new Set(userIds), (userId) => client.subscribe(userId, listener))
      return () => {
        for (const stop of stops) stop()
      }
    },
  }
}
