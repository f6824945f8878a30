/** Why the server ends a connection, what it says to people, and whether the client is to come back (R62). */
export const CLOSE_REASONS = {
  TOKEN_EXPIRED: { message: 'The token has expired: come back with a new one.', reconnect: true },
  TOKEN_REJECTED: { message: 'The token is not accepted: sign in again.', reconnect: false },
  SIGNED_OUT: { message: 'This device was signed out.', reconnect: false },
  EVICTED: { message: 'There are too many devices; this one was used least.', reconnect: false },
  BANNED: { message: 'This account may not be used here.', reconnect: false },
  USER_DELETED: { message: 'There is no such user any more.', reconnect: false },
  FLOODING: { message: 'This connection sent far more than it may: wait before you come back.', reconnect: true },
  TOO_MANY_CONNECTS: { message: 'You connected too often: wait before you come back.', reconnect: true },
} as const satisfies Record<string, { message: string; reconnect: boolean }>
export type CloseCode = keyof typeof CLOSE_REASONS

/** The last word of the server before it ends a connection. */
export interface Closing {
  /** One of {@link CloseCode}; later versions may have more, of which `reconnect` says what to do. */
  code: CloseCode
  message: string
  /** True: come back, at once unless the next says otherwise, with a new token. False: do not come back by yourself. */
  reconnect: boolean
  /** Milliseconds before which coming back is of no use. */
  reconnect_in_ms?: number
}

export const closingFor = (code: CloseCode): Closing => ({ code, ...CLOSE_REASONS[code] })
