import type { Server } from 'socket.io'
import { io as open } from 'socket.io-client'
import { PresenceError, type PresenceErrorCode } from '../domain/errors.ts'
import type { PresenceInfo } from '../domain/info.ts'
import type { ErrorReply, Handshake, ServerToClient, StatusChange, WatchReply } from '../protocol/events.ts'
import { type Ear, type HeardEvent, listenWith, type PayloadOf, type PresenceSocket } from './ear.ts'

/** How a client introduces itself. */
export interface TestDevice extends Partial<Omit<Handshake, 'token'>> {
  /** More for the handshake, such as the token that your own middleware asks for. */
  auth?: Record<string, unknown>
}

/** A real, connected client of one user. */
export interface TestClient {
  readonly userId: string
  /** The `socket.io-client` itself. It does not reconnect by itself: see `comeBack`. */
  readonly socket: PresenceSocket
  /**
   * Takes the first event out of what was heard that fits, or waits for it.
   *
   * @param fits fields that the payload must have
   */
  next<Name extends keyof ServerToClient>(name: Name, fits?: Partial<PayloadOf<Name>>): Promise<PayloadOf<Name>>
  /** Waits until nothing is under way and takes all that was heard since: an empty list says that there was no news. */
  take(): Promise<HeardEvent[]>
  /** Watches these users instead of those before. @throws {PresenceError} whatever the server refuses */
  watch(...userIds: string[]): Promise<PresenceInfo[]>
  /** Decides about one's own status. @throws {PresenceError} whatever the server refuses */
  setStatus(change: StatusChange): Promise<PresenceInfo>
  /** Gives a sign of use. */
  activity(): Promise<void>
  /** Leaves with a goodbye; resolves when the server has drawn all consequences. */
  leave(): Promise<void>
  /** Loses the connection without one, as in a tunnel; resolves when the server has noticed. */
  cut(): Promise<void>
  /** Connects again as the same device. */
  comeBack(): Promise<void>
}

/** What a client needs of the system it connects to. */
export interface ClientSurroundings {
  readonly url: string
  readonly io: Server
  untilQuiet(): Promise<void>
  /** Resolves when the server found that this socket belongs to nobody it knows. */
  untilStranger(socketId: string): Promise<void>
}

export interface OpenClient {
  readonly client: TestClient
  close(): void
}

/** Connects a client. @throws {PresenceError} UNAUTHENTICATED when the server does not know whose it is */
export async function openClient(
  around: ClientSurroundings,
  userId: string,
  { auth, ...device }: TestDevice,
): Promise<OpenClient> {
  const socket: PresenceSocket = open(around.url, {
    auth: { token: userId, ...device, ...auth },
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    autoConnect: false,
  })
  const ear = listenWith(socket, userId)
  const close = (): void => {
    socket.disconnect()
    ear.close()
  }
  try {
    await arrive(around, socket, ear)
  } catch (error) {
    close()
    throw error
  }
  return { client: clientOf(around, userId, socket, ear), close }
}

/** Connects and waits for the server's first word: from there on the session is live. */
async function arrive({ untilStranger }: ClientSurroundings, socket: PresenceSocket, ear: Ear): Promise<void> {
  const refused = new Promise<never>((_resolve, reject) => {
    socket.once('connect_error', reject)
    socket.once('disconnect', (reason) => reject(new Error(`The server ended the connection at once: ${reason}.`)))
    socket.once('connect', () => {
      const sentence = 'The server does not know whose connection this is: pass what your middleware reads in `auth`.'
      void untilStranger(socket.id ?? '').then(() => reject(new PresenceError('UNAUTHENTICATED', sentence)))
    })
  })
  socket.connect()
  await Promise.race([ear.next('selfPresence'), refused])
  // Whatever ends it later is the test's own doing.
  refused.catch(() => {})
}

function clientOf(around: ClientSurroundings, userId: string, socket: PresenceSocket, ear: Ear): TestClient {
  /** Ends the connection in some way, and waits until the server has seen it and all that follows. */
  async function endBy(end: () => void): Promise<void> {
    await around.untilQuiet()
    const connection = around.io.of('/').sockets.get(socket.id ?? '')
    const seen = connection && new Promise((resolve) => connection.once('disconnect', resolve))
    end()
    await seen
    await around.untilQuiet()
  }

  return {
    userId,
    socket,
    next: ear.next,
    async take() {
      await around.untilQuiet()
      return ear.take()
    },
    watch: async (...users) => granted<WatchReply>(await socket.emitWithAck('watch', { users })).presences,
    setStatus: async (change) =>
      granted<{ ok: true; presence: PresenceInfo }>(await socket.emitWithAck('setStatus', change)).presence,
    async activity() {
      socket.emit('activity')
      await around.untilQuiet()
    },
    leave: () => endBy(() => socket.disconnect()),
    cut: () => endBy(() => breakOff(socket)),
    comeBack: () => arrive(around, socket, ear),
  }
}

/** The network is gone: no goodbye, not even a closing frame. */
function breakOff(socket: PresenceSocket): void {
  const { transport } = socket.io.engine as unknown as { transport: { ws: { terminate?(): void; close(): void } } }
  if (transport.ws.terminate) transport.ws.terminate()
  else transport.ws.close()
}

/** @throws {PresenceError} the refusal, as the server worded it */
function granted<Reply extends { ok: true }>(reply: Reply | ErrorReply): Reply {
  if (reply.ok) return reply
  const { code, message, retryable } = reply.error
  throw new PresenceError(code as PresenceErrorCode, message, { retryable })
}
