import type { Server, Socket } from 'socket.io'
import { PacketType } from 'socket.io-parser'
import * as ws from 'ws'
import type { ServerToClient } from '../protocol/events.ts'

/** One event, encoded once for every connection that is told the same. */
export interface Frame {
  /** What the parser of the server made of it. */
  readonly packets: readonly unknown[]
  /** Options of an Engine.IO packet: the finished WebSocket frame, where there can be one. */
  readonly options: { readonly compress: boolean; readonly wsPreEncodedFrame?: readonly Buffer[] }
}

/** The writing end of one connection. */
export interface Link {
  write(frame: Frame): void
  /** Packets that wait because the network takes no more. */
  queued(): number
  /** Calls once when the network took what was queued. */
  onceDrained(listener: () => void): void
}

/** The part of an Engine.IO connection that is used here; its own types keep `writeBuffer` to themselves. */
interface EngineConnection {
  write(packet: unknown, options: object): unknown
  readonly writeBuffer: readonly unknown[]
  once(event: 'drain', listener: () => void): unknown
}

/** Makes WebSocket frames; the types of `ws` leave it out. */
const { Sender } = ws as unknown as { Sender: { frame(payload: Buffer, options: object): Buffer[] } }

/**
 * Encodes an event with the parser of this server. Text becomes a finished WebSocket frame as well, header and payload in one
 * piece: one copy here spares every receiver a vectored write.
 */
export function encodeEvent<Event extends keyof ServerToClient>(
  encoder: Server['encoder'],
  event: Event,
  ...payload: Parameters<ServerToClient[Event]>
): Frame {
  const packets: unknown[] = encoder.encode({ type: PacketType.EVENT, nsp: '/', data: [event, ...payload] })
  const text = packets.length === 1 ? packets[0] : null
  if (typeof text !== 'string') return { packets, options: { compress: false } }
  return { packets, options: { compress: false, wsPreEncodedFrame: [textFrame(text)] } }
}

/** A text frame from the server's side: final, not masked. `4` is Engine.IO's packet type for a message. */
function textFrame(text: string): Buffer {
  const frame = { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: false }
  return Buffer.concat(Sender.frame(Buffer.from(`4${text}`), frame))
}

/**
 * Writes to the engine below the socket. Socket.IO's own `emit` would encode for every receiver anew, and its broadcasts are
 * kept by adapters that recover connections, whereas a watcher recovers by its versions (R44).
 */
export function openLink(socket: Pick<Socket, 'conn'>): Link {
  const engine = socket.conn as unknown as EngineConnection
  return {
    write: ({ packets, options }) => {
      for (const packet of packets) engine.write(packet, options)
    },
    queued: () => engine.writeBuffer.length,
    onceDrained: (listener) => void engine.once('drain', listener),
  }
}
