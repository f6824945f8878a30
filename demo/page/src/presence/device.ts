const BROWSER_KEY = 'porchlight.browser'
const TAB_KEY = 'porchlight.tab'

/**
 * This tab's name towards the server: one part per browser, one per tab. Two tabs are two devices, a reload is the same
 * one, so that it takes over the session it left a moment ago (R3).
 */
export const deviceId = (): string => `${remembered(localStorage, BROWSER_KEY)}-${remembered(sessionStorage, TAB_KEY)}`

/** The part of a device id that all tabs of one browser share. */
export const browserOf = (id: string): string => id.split('-')[0] ?? id

export const deviceType = (): 'mobile' | 'web' => (window.matchMedia('(pointer: coarse)').matches ? 'mobile' : 'web')

function remembered(storage: Storage, key: string): string {
  const known = storage.getItem(key)
  if (known) return known
  // Not randomUUID: over plain http from another machine browsers do not offer it.
  const made = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )
  storage.setItem(key, made)
  return made
}
