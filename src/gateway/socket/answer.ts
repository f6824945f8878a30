import type { Socket } from 'socket.io'
import { PresenceError } from '../../domain/errors.ts'
import type { ErrorReply } from '../../protocol/events.ts'
import { switchedOff } from '../../service/rollout/rollout.ts'
import { explainError } from '../explain-error.ts'
import { noMetrics } from '../log.ts'
import { tooMuch } from '../rate-limit.ts'
import type { Connection, Connections } from './connection.ts'
import { hangUp } from './close-with-reason.ts'
import type { SocketDoor } from './door.ts'
import { isWithinLimit } from './flood.ts'

type Ack = (reply: { ok: true } | ErrorReply) => void

/** An event as it arrived: its first value, and the way to answer it, if there is one. */
export interface Incoming {
  readonly payload: unknown
  readonly ack: Ack | null
}

// Socket.IO puts a function of its own there when the client waits for an answer; nothing a client sends is one.
const isAck = (value: unknown): value is Ack => typeof value === 'function'

/** Takes the arguments of an event apart; whatever else a client sends along is left alone. */
export function incoming(args: readonly unknown[]): Incoming {
  const last = args.at(-1)
  const first = args[0]
  return {
    payload: typeof first === 'function' ? undefined : first,
    ack: isAck(last) ? last : null,
  }
}

/**
 * Refuses a payload that is larger than an event may be (R53). Socket.IO hands out values, not bytes, and several events may
 * arrive in one packet, so the size is that of the value as JSON.
 *
 * @throws {PresenceError} PAYLOAD_TOO_LARGE
 */
export function checkSize(payload: unknown, maxPayloadBytes: number): void {
  if (payload === undefined || jsonBytes(payload) <= maxPayloadBytes) return
  throw new PresenceError('PAYLOAD_TOO_LARGE', `An event has at most ${maxPayloadBytes} bytes.`)
}

/** Bytes of a value as JSON. */
export function jsonBytes(payload: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(payload) ?? '')
  } catch {
    // Nested too deeply to be written: no event of ours looks like that.
    return Number.POSITIVE_INFINITY
  }
}

/** Packets that may wait for a connection that goes on asking: more than anybody's burst of events. */
const MAX_UNREAD_PACKETS = 100

/** Whether a client asks without reading the answers, which would pile up here (R43). */
export function isDeaf({ conn }: Socket): boolean {
  const { writeBuffer } = conn as unknown as { writeBuffer: readonly unknown[] }
  return writeBuffer.length > MAX_UNREAD_PACKETS
}

/** What one event does: checks come first, at once; the work waits for the session. */
export interface EventWork<Input> {
  read(payload: unknown): Input
  run(input: Input, userId: string, socket: Socket): Promise<object> | object
  /** Whether it is done for those, too, for whom presence is switched off; others are refused (R72). */
  readonly isAlwaysOn?: boolean
}

/** A listener that all sockets share: `this` is the one that was spoken to. */
export type SharedListener = (this: Socket, ...args: unknown[]) => void

/**
 * Answers one kind of event: within the limit, checked, and after the session was made. Every failure becomes an ack (R52); an
 * event without an ack is answered by nothing, and counted.
 */
export function answerEvent<Input>(
  door: SocketDoor,
  connections: Connections,
  event: string,
  work: EventWork<Input>,
): SharedListener {
  const { log, metrics = noMetrics } = door

  async function outcome(
    socket: Socket,
    connection: Connection,
    payload: unknown,
  ): Promise<{ ok: true } | ErrorReply | null> {
    try {
      if (!isWithinLimit(door, socket, connection)) throw tooMuch()
      const input = work.read(payload)
      // Whoever has gone, or is not ours, gets neither work nor an answer.
      if (
        !(await connection.ready) ||
        connection.goodbye !== null ||
        connection.isClosing ||
        connection.userId === null
      )
        return null
      const on = work.isAlwaysOn === true || door.verbs.isOn(connection.userId)
      if (on !== true && !(await on)) throw switchedOff()
      return { ok: true, ...(await work.run(input, connection.userId, socket)) }
    } catch (error) {
      const explanation = explainError(error, log)
      metrics.refused('socket', explanation.code)
      return { ok: false, error: explanation }
    }
  }

  async function answer(socket: Socket, connection: Connection, { payload, ack }: Incoming): Promise<void> {
    const startedAt = performance.now()
    const reply = await outcome(socket, connection, payload)
    if (reply === null) return
    metrics.answered(event, (performance.now() - startedAt) / 1_000)
    ack?.(reply)
  }

  return function onEvent(...args) {
    const connection = connections.of(this)
    if (!connection) return
    if (isDeaf(this)) {
      hangUp(this)
      return
    }
    const arrived = incoming(args)
    if (arrived.ack === null) metrics.unanswered(event)
    void answer(this, connection, arrived)
  }
}
