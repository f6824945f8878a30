import { BROWSER_MAP, getParser } from 'bowser'
import type { DeviceType } from '../domain/session.ts'

/** Longest user agent that is kept, in characters. */
const MAX_USER_AGENT_LENGTH = 512
/** User agents remembered with their device type: few differ, and taking one apart costs more than a connection should. */
const MAX_REMEMBERED = 500

const FAMILIES: ReadonlySet<string> = new Set(Object.values(BROWSER_MAP))

const remembered = new Map<string, DeviceType>()

/** The user agent as it is kept, without controls, or null. */
export const cleanUserAgent = (header: string | undefined): string | null =>
  header
    ?.replaceAll(/\p{Cc}/gu, '')
    .trim()
    .slice(0, MAX_USER_AGENT_LENGTH) || null

/** The kind of device behind a user agent: phones and tablets are mobile, Electron is desktop, all else is web. */
export function deviceTypeOf(userAgent: string | null): DeviceType {
  if (userAgent === null || userAgent === '') return 'web'
  const known = remembered.get(userAgent)
  if (known !== undefined) return known
  if (remembered.size >= MAX_REMEMBERED) remembered.clear()
  const type = readDeviceType(userAgent)
  remembered.set(userAgent, type)
  return type
}

function readDeviceType(userAgent: string): DeviceType {
  if (/\bElectron\//.test(userAgent)) return 'desktop'
  const platform = getParser(userAgent, true).getPlatformType()
  return platform === 'mobile' || platform === 'tablet' ? 'mobile' : 'web'
}

/** What is kept of a user agent in the long run: the browser's name alone, such as "Chrome", or null (R35). */
export function userAgentFamily(userAgent: string | null): string | null {
  if (userAgent === null || userAgent === '') return null
  // What was shortened already is no user agent any more.
  const name = FAMILIES.has(userAgent) ? userAgent : getParser(userAgent, true).getBrowserName()
  // Of clients that it does not know the parser takes the name from what they send, which may be anything.
  return FAMILIES.has(name) ? name : null
}

/** Words for a device that its owner recognises, such as "Chrome on Windows", or null. */
export function deviceNameOf(userAgent: string | null): string | null {
  if (userAgent === null || userAgent === '') return null
  const parser = getParser(userAgent)
  const names = [parser.getBrowserName(), parser.getOSName()].filter((name) => name !== '' && name !== undefined)
  return names.length === 0 ? null : names.join(' on ')
}
