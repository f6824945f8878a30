import type { Socket } from 'socket.io'
import { PresenceError } from '../../domain/errors.ts'
import { addressKey } from '../address.ts'
import type { Failures } from '../failures.ts'
import type { Log } from '../log.ts'
import { jsonBytes } from './answer.ts'
import { type authenticateSocket, refusal } from './authenticate.ts'
import { endUnlessJoined } from './gate.ts'

type Middleware = ReturnType<typeof authenticateSocket>

/** Milliseconds that a client has to read why it was refused. */
const READING_MS = 1_000

export interface HandshakeNeeds {
  readonly failures: Failures
  readonly maxAuthBytes: number
  readonly log: Log
}

/**
 * Puts a limit around the check of a handshake: on what it may bring, and on how often an address may fail (R53). Whoever was refused is
 * not left standing.
 */
export function limitHandshakes(check: Middleware, { failures, maxAuthBytes, log }: HandshakeNeeds): Middleware {
  return (socket, next) => {
    const refuse = (error: Error & { data?: unknown }): void => {
      endUnlessJoined(socket, READING_MS)
      next(error)
    }
    const address = addressKey(socket.handshake.address)
    try {
      failures.check(address)
      checkAuthSize(socket, maxAuthBytes)
    } catch (error) {
      // Whatever is thrown here nobody would catch: Socket.IO does not.
      refuse(refusal(error, log))
      return
    }
    check(socket, (error) => {
      if (!error) return next()
      if (isWrongToken(error)) void note(failures, address, log)
      refuse(error)
    })
  }
}

async function note(failures: Failures, address: string, log: Log): Promise<void> {
  try {
    await failures.note(address)
  } catch (error) {
    log.warn({ err: error }, 'a refused token was not counted')
  }
}

/** @throws {PresenceError} PAYLOAD_TOO_LARGE */
function checkAuthSize({ handshake }: Socket, maxBytes: number): void {
  if (jsonBytes(handshake.auth) <= maxBytes) return
  throw new PresenceError('PAYLOAD_TOO_LARGE', `The auth of a handshake has at most ${maxBytes} bytes.`)
}

const isWrongToken = ({ data }: { data?: unknown }): boolean =>
  typeof data === 'object' && data !== null && 'code' in data && data.code === 'UNAUTHENTICATED'
