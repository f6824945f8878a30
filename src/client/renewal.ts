import type { ErrorReply, RenewReply } from '../protocol/events.ts'
import type { Timers } from './surroundings.ts'
import { AHEAD_MS, claimsOf, type Tokens } from './token.ts'

/** Takes a connection beyond the end of its token: brings the next one while the server still believes the one at hand (R60). */
export interface Renewal {
  /** The server believes this token from now on. */
  start(token: string): void
  stop(): void
}

/** Milliseconds before what did not work is tried again. */
const AGAIN_MS = 3_000

/** @param send brings a token to the server @param chance between 0 and 1: many pages do not come at once */
export function createRenewal(
  { now, after }: Timers,
  tokens: Tokens,
  send: (token: string) => Promise<RenewReply | ErrorReply>,
  chance: () => number = Math.random,
): Renewal {
  let believed = ''
  let cancel = (): void => undefined

  const wait = (ms: number): void => {
    const token = believed
    cancel = after(ms, () => void renew(token))
  }

  async function renew(token: string): Promise<void> {
    const next = await tokens.get().catch(() => token)
    const isOver = () => believed !== token || now() >= endOf(token)
    if (isOver()) return
    if (next === token) return wait(AGAIN_MS)
    const reply = await send(next)
    if (isOver()) return
    if (reply.ok) start(next)
    else {
      if (reply.error.code === 'UNAUTHENTICATED') tokens.refused(next)
      // A server that does not renew says so: it closes the connection in time, and we come back with the new token.
      if (reply.error.code !== 'NOT_FOUND') wait(AGAIN_MS)
    }
  }

  function start(token: string): void {
    stop()
    believed = token
    const left = endOf(token) - now()
    if (left === Number.POSITIVE_INFINITY) return
    const ahead = Math.min(AHEAD_MS, left / 2)
    wait(left - ahead + (chance() * ahead) / 2)
  }

  function stop(): void {
    cancel()
    believed = ''
  }

  return { start, stop }
}

const endOf = (token: string): number => (claimsOf(token).exp ?? Number.POSITIVE_INFINITY) * 1_000
