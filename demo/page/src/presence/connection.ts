import { io, type Socket } from 'socket.io-client'
import { CONNECTION_TABLE, type ConnectionEvent, type ConnectionState } from './connection-state.ts'
import { deviceId, deviceType } from './device.ts'
import type { Signal } from './signal.ts'
import type { ErrorReply, ClientToServer, ServerToClient } from './wire.ts'

type PresenceSocket = Socket<ServerToClient, ClientToServer>

/** Milliseconds without a connection that nobody needs to hear about: a reload of the server, a lift, a tunnel. */
const OVERDUE_MS = 2_000
const ACK_TIMEOUT_MS = 5_000

export interface ConnectionHandlers {
  /** Called on every connect, the first and each one after a loss. */
  accepted: () => void
  /** The server ended the session on purpose (sign-out, eviction). It will not be reopened by itself. */
  signedOut: () => void
  /** The server did not take the token. */
  tokenRejected: () => void
}

export interface Connection {
  readonly state: Signal<ConnectionState>
  readonly socket: PresenceSocket
  close(): void
}

/** Opens the live connection of one person and keeps it: lost connections come back by themselves. */
export function openConnection(
  token: () => string,
  state: Signal<ConnectionState>,
  handlers: ConnectionHandlers,
): Connection {
  let overdue: ReturnType<typeof setTimeout> | undefined
  const step = (event: ConnectionEvent): void => {
    const before = state.get()
    const next = CONNECTION_TABLE[before][event]
    state.set(next)
    // A failed attempt to come back must not start the two seconds anew.
    if (next === before) return
    clearTimeout(overdue)
    if (next === 'connecting') overdue = setTimeout(() => step('overdue'), OVERDUE_MS)
  }

  const socket: PresenceSocket = io({
    auth: (give) => give({ token: token(), device_type: deviceType(), device_id: deviceId(), format: 'events' }),
    // WebSocket first saves two round trips; polling is there for networks that refuse it.
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelay: 300,
    reconnectionDelayMax: 3_000,
    forceNew: true,
    autoConnect: false,
  })

  socket.on('connect', () => {
    step('accepted')
    handlers.accepted()
  })
  socket.on('disconnect', (reason) => {
    if (reason === 'io server disconnect') {
      step('close')
      handlers.signedOut()
    } else step('lost')
  })
  socket.on('connect_error', () => {
    step('lost')
    // Inactive means the server itself refused the handshake; a lost network leaves the socket trying.
    if (!socket.active) handlers.tokenRejected()
  })
  // Closing the engine, not the socket: a clean goodbye would end the session and be seen as a flicker. The engine of
  // this moment: by the time the clock runs out, the server may have closed it and another may already stand.
  socket.on('drain', ({ reconnect_in_ms }) => {
    const { engine } = socket.io
    setTimeout(() => engine.close(), reconnect_in_ms)
  })

  step('open')
  socket.connect()
  return {
    state,
    socket,
    close() {
      socket.removeAllListeners()
      socket.disconnect()
      step('close')
    },
  }
}

/** Sends and waits for the answer; a silence becomes a failure like any other, so callers know one kind. */
export async function answered<T>(send: (ack: (reply: T | ErrorReply) => void) => void): Promise<T | ErrorReply> {
  return await new Promise((resolve) => {
    const silence = setTimeout(
      () =>
        resolve({ ok: false, error: { code: 'NO_ANSWER', message: 'The server did not answer.', retryable: true } }),
      ACK_TIMEOUT_MS,
    )
    send((reply) => {
      clearTimeout(silence)
      resolve(reply)
    })
  })
}
