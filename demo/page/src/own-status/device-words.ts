import type { DeviceSession } from 'porchlight/protocol'

const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]

const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/iPhone|iPad/, 'iPhone or iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'Mac'],
  [/Linux|CrOS/, 'Linux'],
]

const TYPE_WORDS = { web: 'A browser', mobile: 'A phone', desktop: 'A computer' } as const

/** Where a session stands towards this page. */
export type Nearness = 'here' | 'this-browser' | 'elsewhere'

/**
 * Tabs that share their browser's connection are one device under the browser's name; a tab with a connection of its own
 * adds its own name to it.
 *
 * @param here what this device calls itself
 */
export function nearness({ device_id }: DeviceSession, here: string): Nearness {
  if (device_id === null) return 'elsewhere'
  if (device_id === here) return 'here'
  return browserOf(device_id) === browserOf(here) ? 'this-browser' : 'elsewhere'
}

const browserOf = (deviceId: string): string => deviceId.split('-')[0] ?? deviceId

/** "Chrome on Windows": as the server names it, else read from what the browser says of itself. */
export function deviceName(session: DeviceSession): string {
  if (session.device_name) return session.device_name
  const agent = session.user_agent ?? ''
  const browser = BROWSERS.find(([pattern]) => pattern.test(agent))?.[1]
  const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1]
  if (browser && system) return `${browser} on ${system}`
  return browser ?? system ?? TYPE_WORDS[session.device_type]
}

/** "this phone, now", "another tab of this browser, 5 minutes ago", "2 hours ago". */
export function placeInTime(session: DeviceSession, here: string, ago: string): string {
  const near = nearness(session, here)
  if (near === 'here') return session.device_type === 'mobile' ? 'this phone, now' : 'this browser, now'
  return near === 'this-browser' ? `another tab of this browser, ${ago}` : ago
}
