import type { Socket } from 'socket.io-client'
import type { CloseCode } from '../protocol/close-reasons.ts'
import type { ClientToServer, ErrorReply, Handshake, RenewReply, ServerToClient } from '../protocol/events.ts'
import { createBackoff } from './backoff.ts'
import type { CloseReason } from './contract.ts'
import { createRenewal } from './renewal.ts'
import type { Surroundings } from './surroundings.ts'
import type { Tokens } from './token.ts'

/** Why the server ended it. */
type EndReason = Exclude<CloseReason, 'not-opened' | 'closed'>

export type PresenceSocket = Socket<ServerToClient, ClientToServer>

export interface ConnectionListener {
  /** On every connect: the first, and each after a loss. */
  accepted(): void
  /** @param since epoch milliseconds of the last moment at which the server was surely there */
  lost(since: number): void
  /** The connection will not be tried again. */
  closed(reason: EndReason): void
}

/** One live connection that comes back by itself. */
export interface Connection {
  readonly socket: PresenceSocket
  open(): void
  /** With a goodbye: the session ends at once (R3). */
  close(): void
  /** Without a goodbye, as a network dies: the session stays for its grace. `open` comes back. */
  letGo(): void
  /** Closes what seems alive and is not, and waits no longer to come back. */
  checkNow(): void
  /** The network said that it is gone: do not wait for silence to prove it. */
  networkLost(): void
}

/** When the server did not say how long it may be silent: Porchlight's ping interval and time-out. */
const SILENCE_MS = 15_000

/** Milliseconds that an attempt is given before a sign of waking starts another. */
const ATTEMPT_MS = 1_000

export function openConnection(
  { io, timers }: Surroundings,
  tokens: Tokens,
  where: { url: string | undefined; socketPath: string },
  handshake: Omit<Handshake, 'token'>,
  listener: ConnectionListener,
): Connection {
  const backoff = createBackoff()
  let wanted = false
  let heardAt = timers.now()
  let offered = ''
  let triedAt = Number.NEGATIVE_INFINITY
  let refusals = 0
  let endReason: EndReason = 'signed-out'
  let stopWaiting: (() => void) | null = null

  const socket: PresenceSocket = io(where.url ?? '', {
    path: where.socketPath,
    auth: (give) => void authenticate(give),
    // WebSocket first saves two round trips; polling is there for networks that refuse it.
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelay: 300,
    reconnectionDelayMax: 5_000,
    forceNew: true,
    autoConnect: false,
  })

  async function authenticate(give: (auth: object) => void): Promise<void> {
    const { engine } = socket.io
    try {
      const token = await tokens.get()
      // Another connection took its place while the token was awaited: it asks for itself.
      if (socket.io.engine !== engine || !wanted) return
      offered = token
      give({ ...handshake, token: offered })
    } catch {
      // A page that cannot get a token is as good as offline: the transport is not kept waiting for it.
      if (socket.io.engine === engine && wanted) tryLater()
    }
  }

  const restart = (): void => {
    stopWaiting?.()
    stopWaiting = null
    // Not connected, so this is no goodbye: it only ends a pause between attempts.
    socket.disconnect()
    triedAt = timers.now()
    if (wanted) socket.connect()
  }

  const tryLater = (): void => {
    listener.lost(timers.now())
    socket.disconnect()
    stopWaiting?.()
    stopWaiting = timers.after(backoff.next(), restart)
  }

  const renewal = createRenewal(timers, tokens, (token) => {
    offered = token
    return answered<RenewReply>(timers, (ack) => void socket.emit('renew', { token }, ack))
  })

  const giveUp = (reason: EndReason): void => {
    wanted = false
    listener.closed(reason)
  }

  const silenceMs = (): number => {
    // Engine.IO's client keeps the server's numbers to itself.
    const { _pingInterval: interval, _pingTimeout: timeout } = socket.io.engine as unknown as Record<string, unknown>
    return typeof interval === 'number' && typeof timeout === 'number' && interval > 0 ? interval + timeout : SILENCE_MS
  }

  const isSilent = (): boolean => timers.now() - heardAt > silenceMs()

  socket.io.on('open', () => {
    heardAt = timers.now()
    socket.io.engine.on('packet', () => {
      heardAt = timers.now()
    })
  })
  socket.on('connect', () => {
    refusals = 0
    backoff.reset()
    endReason = 'signed-out'
    renewal.start(offered)
    listener.accepted()
  })
  socket.on('closing', ({ code, reconnect }) => {
    endReason = END_REASONS[code] ?? 'signed-out'
    // The next connection brings another.
    if (reconnect) tokens.refused(offered)
  })
  socket.on('disconnect', (reason) => {
    renewal.stop()
    if (reason === 'io server disconnect') giveUp(endReason)
    else if (wanted) listener.lost(reason === 'ping timeout' || isSilent() ? heardAt : timers.now())
  })
  socket.on('connect_error', (error) => {
    if (!wanted) return
    // Active: the network failed, and socket.io-client goes on trying. Otherwise the server itself refused the handshake.
    if (socket.active) listener.lost(timers.now())
    else if (isRetryable(error)) tryLater()
    else if (codeOf(error) === 'BANNED') giveUp('banned')
    else if (refusals > 0) giveUp('token-rejected')
    else {
      refusals += 1
      tokens.refused(offered)
      restart()
    }
  })
  // The engine, not the socket: a goodbye would end the session and be seen as a flicker. The engine of this moment: when
  // the time has come, the server may have closed it, and another stand already.
  socket.on('drain', ({ reconnect_in_ms }) => {
    const { engine } = socket.io
    timers.after(reconnect_in_ms, () => engine.close())
  })

  const cut = (): void => {
    if (socket.connected) socket.io.engine.close()
  }

  return {
    socket,
    open() {
      if (wanted) return
      wanted = true
      refusals = 0
      backoff.reset()
      triedAt = timers.now()
      socket.connect()
    },
    close() {
      wanted = false
      stopWaiting?.()
      socket.disconnect()
    },
    letGo() {
      wanted = false
      stopWaiting?.()
      const { engine } = socket.io
      // Something is still being written: a goodbye now would overtake the silence that was meant.
      if (socket.connected) engine.once('close', () => void (wanted || socket.disconnect()))
      cut()
      if (!socket.connected) socket.disconnect()
    },
    checkNow() {
      if (!wanted) return
      if (socket.connected && isSilent()) cut()
      // Signs of waking come in swarms: an attempt that just began is left alone.
      if (!socket.connected && timers.now() - triedAt > ATTEMPT_MS) restart()
    },
    networkLost: cut,
  }
}

/** What the last words of the server mean for whoever shows it; all others are sign-outs. */
const END_REASONS: Partial<Record<CloseCode, EndReason>> = {
  BANNED: 'banned',
  USER_DELETED: 'user-deleted',
  TOKEN_REJECTED: 'token-rejected',
}

/** What a server says with its refusal of a handshake. */
const dataOf = ({ data }: Error & { data?: unknown }): Partial<ErrorReply['error']> =>
  typeof data === 'object' && data !== null ? data : {}
const isRetryable = (error: Error): boolean => dataOf(error).retryable === true
const codeOf = (error: Error): string | undefined => dataOf(error).code

/** Milliseconds to wait for an acknowledgement. */
const ACK_TIMEOUT_MS = 5_000

/** Sends, and waits for the answer; silence becomes a failure like any other, so that there is one kind. */
export async function answered<Reply>(
  timers: Surroundings['timers'],
  send: (ack: (reply: Reply | ErrorReply) => void) => void,
): Promise<Reply | ErrorReply> {
  return await new Promise((resolve) => {
    const error = { code: 'NO_ANSWER', message: 'The server did not answer.', retryable: true }
    const stop = timers.after(ACK_TIMEOUT_MS, () => resolve({ ok: false, error }))
    send((reply) => {
      stop()
      resolve(reply)
    })
  })
}
