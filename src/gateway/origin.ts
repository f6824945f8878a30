import type { IncomingMessage } from 'node:http'

/** Says whether a page may talk to this server: those it serves itself, and those of the origins named. */
export type OriginCheck = (request: IncomingMessage) => boolean

/**
 * Browsers say where a page is from, also with a WebSocket, which no rule of theirs keeps from going anywhere. Whatever is no browser
 * says nothing, and is let in by its token alone.
 *
 * @param origins as browsers write them; `*`: any
 */
export function originCheck(origins: readonly string[]): OriginCheck {
  const allowed = new Set(origins.map((origin) => origin.toLowerCase()))
  return ({ headers }) => {
    const { origin, host } = headers
    if (origin === undefined || allowed.has('*') || allowed.has(origin.toLowerCase())) return true
    return host !== undefined && hostOf(origin) === host.toLowerCase()
  }
}

// A port that goes without saying is written by nobody; `null`, a page of nowhere, has no host.
const hostOf = (origin: string): string | null => (URL.canParse(origin) ? new URL(origin).host : null)
