import type { Surroundings } from './surroundings.ts'

const BROWSER_KEY = 'porchlight.browser'
const TAB_KEY = 'porchlight.tab'

/**
 * What this device calls itself, kept over reloads so that whoever returns takes over the session left in grace (R3).
 *
 * @param shared true: all tabs of a browser are one device, because they share its connection; false: each is its own
 */
export function deviceId({ localStorage, sessionStorage }: Surroundings, shared: boolean): string {
  const browser = remembered(localStorage, BROWSER_KEY)
  return shared ? browser : `${browser}-${remembered(sessionStorage, TAB_KEY)}`
}

export const deviceType = ({ window }: Surroundings): 'mobile' | 'web' =>
  window?.matchMedia?.('(pointer: coarse)').matches === true ? 'mobile' : 'web'

/** A name that nobody else has. Not randomUUID: over plain http from another machine browsers do not offer it. */
export const randomName = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('')

function remembered(storage: Storage | null, key: string): string {
  try {
    const known = storage?.getItem(key)
    if (known) return known
    const made = randomName()
    storage?.setItem(key, made)
    return made
  } catch {
    // Full or blocked storage: a name for this page alone.
    return randomName()
  }
}
