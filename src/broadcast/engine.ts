import type { Server, Socket } from 'socket.io'
import * as ws from 'ws'
import type { ServerToClient } from '../protocol/events.ts'

/** One or more events, encoded once for every connection that is told the same. */
export interface Frame {
  /** What the parser of the server made of them, one after the other. */
  readonly packets: readonly Packet[]
  /** The finished WebSocket frames of all in one piece; null when a packet is not text. */
  readonly whole: readonly [Buffer] | null
}

interface Packet {
  readonly data: unknown
  /** Options of an Engine.IO packet. */
  readonly options: { readonly compress: false; readonly wsPreEncodedFrame?: readonly [Buffer] }
}

/** The Engine.IO connection below a socket, to which we write. Its own types keep some of this to themselves. */
export interface Engine {
  write(data: unknown, options: object): unknown
  /** Packets that wait because the network takes no more. */
  readonly writeBuffer: readonly unknown[]
  readonly readyState: string
  readonly upgrading: boolean
  readonly transport: Transport
  once(event: 'drain', listener: () => void): unknown
}

interface Transport {
  readonly name: string
  readonly writable: boolean
  readonly perMessageDeflate?: unknown
  readonly socket?: { readonly _socket?: { readonly writableLength: number }; readonly _sender?: FrameSender }
}

interface FrameSender {
  sendFrame(frame: readonly Buffer[]): void
}

export const engineOf = (socket: Pick<Socket, 'conn'>): Engine => socket.conn as unknown as Engine

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
  const encoded = encode({ type: EVENT, nsp: '/', data: [event, ...payload] })
  const text = encoded.length === 1 ? encoded[0] : null
  if (typeof text !== 'string') {
    return { packets: encoded.map((data) => ({ data, options: { compress: false } })), whole: null }
  }
  const whole = [textFrame(text)] as const
  return { packets: [{ data: text, options: { compress: false, wsPreEncodedFrame: whole } }], whole }
}

/** One frame after the other, to be written in one piece. */
export function joinFrames(first: Frame, second: Frame): Frame {
  const whole = first.whole && second.whole ? ([Buffer.concat([...first.whole, ...second.whole])] as const) : null
  return { packets: [...first.packets, ...second.packets], whole }
}

/** A text frame from the server's side: final, not masked. `4` is Engine.IO's packet type for a message. */
function textFrame(text: string): Buffer {
  const frame = { fin: true, opcode: 1, mask: false, rsv1: false, readOnly: false }
  return Buffer.concat(Sender.frame(Buffer.from(`4${text}`), frame))
}

/**
 * Writes below the socket. Socket.IO's own `emit` would encode for every receiver anew, and its broadcasts are kept by adapters
 * that recover connections, whereas a watcher recovers by its versions (R44).
 *
 * While nothing is under way on a WebSocket, the frame goes to its sender, as Engine.IO does it with encoded frames, without
 * the events and the callback of a packet: those cost nearly as much as the write. Otherwise it queues with the engine.
 */
export function writeFrame(engine: Engine, { packets, whole }: Frame): void {
  const sender = whole ? idleSender(engine) : undefined
  if (sender && whole) sender.sendFrame(whole)
  else for (const { data, options } of packets) engine.write(data, options)
}

function idleSender({ readyState, upgrading, writeBuffer, transport }: Engine): FrameSender | undefined {
  const { name, writable, perMessageDeflate, socket } = transport
  const isIdle = readyState === 'open' && !upgrading && writeBuffer.length === 0 && writable
  if (!isIdle || name !== 'websocket' || perMessageDeflate) return undefined
  // Zero only while the network takes everything at once.
  return socket?._socket?.writableLength === 0 ? socket._sender : undefined
}
