import type { Server, Socket } from 'socket.io'
import * as ws from 'ws'
import type { ServerToClient } from '../protocol/events.ts'

/** One event, encoded once for every connection that is told the same. */
export interface Frame {
  /** What the parser of the server made of it. */
  readonly packets: readonly unknown[]
  /** Options of an Engine.IO packet: the finished WebSocket frame, where there can be one. */
  readonly options: { readonly compress: boolean; readonly wsPreEncodedFrame?: readonly Buffer[] }
}

/**
 * The Engine.IO connection below a socket, to which we write. Socket.IO's own `emit` would encode for every receiver anew, and
 * its broadcasts are kept by adapters that recover connections, whereas a watcher recovers by its versions (R44).
 */
export interface Engine {
  write(packet: unknown, options: object): unknown
  /** Packets that wait because the network takes no more. */
  readonly writeBuffer: readonly unknown[]
  once(event: 'drain', listener: () => void): unknown
}

/** Makes WebSocket frames; the types of `ws` leave it out. */
const { Sender } = ws as unknown as { Sender: { frame(payload: Buffer, options: object): Buffer[] } }

/** What the parser of a server makes of packets; its own types want an enum that is not exported with them. */
type EncodePacket = (packet: { type: number; nsp: string; data: unknown[] }) => unknown[]

/** Socket.IO's packet type for events, https://github.com/socketio/socket.io-protocol#packet-types */
const EVENT = 2

/**
 * Encodes an event with the parser of this server. Text becomes a finished WebSocket frame as well, header and payload in one
 * piece: one copy here spares every receiver a vectored write.
 */
export function encodeEvent<Event extends keyof ServerToClient>(
  encoder: Server['encoder'],
  event: Event,
  ...payload: Parameters<ServerToClient[Event]>
): Frame {
  const encode = encoder.encode.bind(encoder) as EncodePacket
  const packets = encode({ type: EVENT, nsp: '/', data: [event, ...payload] })
  const text = packets.length === 1 ? packets[0] : null
  if (typeof text !== 'string') return { packets, options: { compress: false } }
  return { packets, options: { compress: false, wsPreEncodedFrame: [textFrame(text)] } }
}

/** A text frame from the server's side: final, not masked. `4` is Engine.IO's packet type for a message. */
function textFrame(text: string): Buffer {
  const frame = { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: false }
  return Buffer.concat(Sender.frame(Buffer.from(`4${text}`), frame))
}

// The types of Engine.IO keep `writeBuffer` to themselves.
export const engineOf = (socket: Pick<Socket, 'conn'>): Engine => socket.conn as unknown as Engine

export function writeFrame(engine: Engine, { packets, options }: Frame): void {
  for (const packet of packets) engine.write(packet, options)
}
