import { createBackoff } from './backoff.ts'
import type { PresenceClientOptions } from './contract.ts'
import { deviceId, deviceType } from './device.ts'
import { openDirect } from './direct.ts'
import type { Surroundings } from './surroundings.ts'
import { openShared } from './tabs/share.ts'
import { claimsOf, type Tokens } from './token.ts'
import type { Page, Upstream } from './upstream.ts'

/** Finds this page its way to the server: over the connection that its browser shares, where that can be, or its own. */
export function openUpstream(
  options: PresenceClientOptions,
  surroundings: Surroundings,
  tokens: Tokens,
  page: Page,
): Upstream {
  const { locks, openChannel, timers } = surroundings
  const hub = {
    surroundings,
    tokens,
    url: options.url,
    socketPath: options.socketPath ?? '/socket.io',
    deviceType: options.deviceType ?? deviceType(surroundings),
  }
  const direct = (): Upstream => openDirect({ ...hub, deviceId: deviceId(surroundings, false) }, page)
  if (options.share === 'tab' || !locks || !openChannel) return direct()

  let found: Upstream | null = null
  let hasLeft = false
  const backoff = createBackoff()
  let stopWaiting: (() => void) | null = null

  const share = (userId: string): void => {
    // Another version of this file may run in another tab; it shares only with those that speak as it does.
    const name = `porchlight-1:${options.url ?? ''}:${hub.socketPath}:${userId}`
    const ownInstead = (): void => {
      found = direct()
    }
    const shared = { ...hub, deviceId: deviceId(surroundings, true) }
    found = openShared({ hub: shared, locks, openChannel, name, failed: ownInstead }, page)
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
    // Whoever is not found yet will ask the page itself what it wants.
    want: (userIds) => found?.want(userIds),
    activity: () => found?.activity(),
    nudge: () => found?.nudge(),
    networkLost: () => found?.networkLost(),
    leave: () => end('leave'),
    suspend: () => end('suspend'),
  }
}
