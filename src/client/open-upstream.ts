import type { PresenceClientOptions } from './contract.ts'
import { deviceId, deviceType } from './device.ts'
import { openDirect } from './direct.ts'
import type { Surroundings } from './surroundings.ts'
import type { Tokens } from './token.ts'
import type { Page, Upstream } from './upstream.ts'

/** Finds this page its way to the server. */
export function openUpstream(
  options: PresenceClientOptions,
  surroundings: Surroundings,
  tokens: Tokens,
  page: Page,
): Upstream {
  const hub = {
    surroundings,
    tokens,
    url: options.url,
    socketPath: options.socketPath ?? '/socket.io',
    deviceType: options.deviceType ?? deviceType(surroundings),
  }
  return openDirect({ ...hub, deviceId: deviceId(surroundings, false) }, page)
}
