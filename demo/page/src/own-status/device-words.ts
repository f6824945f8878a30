import { browserOf, deviceId } from '../presence/device.ts'
import type { DeviceSession } from '../presence/wire.ts'
import { agoWords } from '../status/words.ts'

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

/** Where a session stands towards this tab. */
export type Nearness = 'this-tab' | 'this-browser' | 'elsewhere'

export function nearness(session: DeviceSession): Nearness {
  const mine = deviceId()
  if (session.device_id === mine) return 'this-tab'
  return session.device_id && browserOf(session.device_id) === browserOf(mine) ? 'this-browser' : 'elsewhere'
}

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
export function placeInTime(session: DeviceSession, now: number): string {
  const near = nearness(session)
  if (near === 'this-tab') return session.device_type === 'mobile' ? 'this phone, now' : 'this tab, now'
  const ago = agoWords(Date.parse(session.last_active_at), now)
  return near === 'this-browser' ? `another tab of this browser, ${ago}` : ago
}
