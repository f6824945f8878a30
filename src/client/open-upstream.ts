import { createBackoff } from './backoff.ts'
import type { PresenceClientOptions } from './contract.ts'
import { deviceId, deviceType } from './device.ts'
import { openDirect } from './direct.ts'
import type { Surroundings } from './surroundings.ts'
import { openShared } from './tabs/share.ts'
import { claimsOf, type Tokens } from './token.ts'
import type { Page, Upstream } from './upstream.ts'

/** An upstream that may still be looking for its way. */
export interface Route extends Upstream {
  /** Under what name the server knows the connection; null until the way is found. */
  deviceId(): string | null
}

/** Finds this page its way to the server: over the connection that its browser shares, where that can be, or its own. */
export function openUpstream(
  options: PresenceClientOptions,
  surroundings: Surroundings,
  tokens: Tokens,
  page: Page,
): Route {
  const { locks, openChannel, timers } = surroundings
  const hub = {
    surroundings,
    tokens,
    url: options.url,
    socketPath: options.socketPath ?? '/socket.io',
    deviceType: options.deviceType ?? deviceType(surroundings),
  }
  let name: string | null = null
  const named = (shared: boolean) => {
    name = deviceId(surroundings, shared)
    return { ...hub, deviceId: name }
  }
  const direct = (): Upstream => openDirect(named(false), page)
  if (options.share === 'tab' || !locks || !openChannel) return { ...direct(), deviceId: () => name }

  let found: Upstream | null = null
  let hasLeft = false
  const backoff = createBackoff()
  let stopWaiting: (() => void) | null = null

  const share = (userId: string): void => {
    // Another version of this file may run in another tab; it shares only with those that speak as it does.
    const lockName = `porchlight-2:${options.url ?? ''}:${hub.socketPath}:${userId}`
    const ownInstead = (): void => {
      found = direct()
    }
    found = openShared({ hub: named(true), locks, openChannel, name: lockName, failed: ownInstead }, page)
  }

  /** Whose tabs may share is in the token, so there must be one first. */
  async function find(): Promise<void> {
    const userId = await (options.userId ?? tokens.get().then((token) => claimsOf(token).sub))
    if (hasLeft) return
    if (userId === undefined) found = direct()
    else share(userId)
  }

  const tryFind = (): void => {
    find().catch(() => {
      if (hasLeft) return
      page.told({ type: 'lost', since: timers.now() })
      stopWaiting = timers.after(backoff.next(), tryFind)
    })
  }
  tryFind()

  const end = (how: 'leave' | 'suspend'): void => {
    hasLeft = true
    stopWaiting?.()
    found?.[how]()
  }
  return {
    deviceId: () => name,
    // Whoever is not found yet will ask the page itself what it wants.
    want: (userIds) => found?.want(userIds),
    search: (wishes) => found?.search(wishes),
    activity: () => found?.activity(),
    nudge: () => found?.nudge(),
    networkLost: () => found?.networkLost(),
    leave: () => end('leave'),
    suspend: () => end('suspend'),
  }
}
