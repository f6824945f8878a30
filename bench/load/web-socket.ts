import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'

export interface WebSocketListeners {
  opened(): void
  /** `frame` is only lent: it is overwritten after the call. */
  message(frame: Buffer): void
  /** Called once, whoever ended it. */
  closed(reason: string): void
}

/** A WebSocket client that can do what benches need, and no more. */
export interface LoadSocket {
  send(text: string): void
  /** Sends a close frame and ends. */
  close(): void
  /** Drops the connection without a word. */
  drop(): void
}

const TEXT = 0x81
const CLOSE = 0x88
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/**
 * All sockets read into this one: nothing is allocated for what arrives. A call of `message` ends before the next read.
 */
const shared = Buffer.allocUnsafeSlow(256 * 1_024)

/**
 * Connects. By hand, because the receiver of `ws` costs as much for a message as a server needs to send it, and then
 * the load generator would be what is measured.
 */
export function openWebSocket(
  port: number,
  path: string,
  listeners: WebSocketListeners,
  localAddress?: string,
): LoadSocket {
  const key = randomBytes(16).toString('base64')
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64')
  let isOpen = false
  let reason = 'closed'
  /** What arrived of a frame, or of the answer to the handshake, that is not complete. */
  let rest: Buffer<ArrayBuffer> | null = null

  const onRead = (size: number): boolean => {
    const arrived = shared.subarray(0, size)
    let bytes = rest === null ? arrived : Buffer.concat([rest, arrived])
    if (!isOpen) bytes = readHandshake(bytes)
    const used = isOpen ? readFrames(bytes) : 0
    rest = used < bytes.length ? Buffer.from(bytes.subarray(used)) : null
    return true
  }
  const socket = connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: { buffer: shared, callback: onRead },
    ...(localAddress !== undefined && { localAddress }),
  })

  function readHandshake(bytes: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) return bytes
    const head = bytes.toString('latin1', 0, end)
    if (!head.startsWith('HTTP/1.1 101') || !head.includes(accept)) {
      fail(`the handshake was answered with ${head.split('\r\n')[0]}`)
      return bytes.subarray(bytes.length)
    }
    isOpen = true
    listeners.opened()
    return bytes.subarray(end + 4)
  }

  /** @returns how many bytes were whole frames */
  function readFrames(bytes: Buffer): number {
    let at = 0
    for (let frame = frameAt(bytes, at); frame !== null; frame = frameAt(bytes, at)) {
      at = frame.end
      if (frame.opcode === TEXT) listeners.message(bytes.subarray(frame.start, frame.end))
      else if (frame.opcode === CLOSE)
        fail(`closed with ${frame.end > frame.start ? bytes.readUInt16BE(frame.start) : 1_005}`)
      else fail(`a frame that nobody expected: ${frame.opcode}`)
    }
    return at
  }

  function fail(why: string): void {
    reason = why
    socket.destroy()
  }

  socket.on('connect', () => socket.write(handshake(port, path, key)))
  socket.on('error', (error) => {
    reason = error.message
  })
  socket.on('close', () => listeners.closed(reason))

  return {
    send: (text) => void socket.write(maskedFrame(TEXT, Buffer.from(text))),
    close: () => void socket.end(maskedFrame(CLOSE, Buffer.from([0x03, 0xe8]))),
    drop: () => socket.resetAndDestroy(),
  }
}

const handshake = (port: number, path: string, key: string): string =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${key}`,
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    '\r\n',
  ].join('\r\n')

export interface FrameAt {
  /** First byte of the frame: final bit and opcode. */
  readonly opcode: number
  /** Where the payload is. */
  readonly start: number
  readonly end: number
}

/** The frame that begins here, or null when it is not complete. Servers do not mask. */
export function frameAt(bytes: Buffer, at: number): FrameAt | null {
  const opcode = bytes[at]
  const short = bytes[at + 1]
  if (opcode === undefined || short === undefined) return null
  const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10
  if (at + headBytes > bytes.length) return null
  const size = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
  const start = at + headBytes
  const end = start + size
  return end > bytes.length ? null : { opcode, start, end }
}

/** A client has to mask. A mask of zeros is one as well, and costs nothing. */
export function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const size = payload.length
  const mask = [0, 0, 0, 0]
  if (size < 126) return Buffer.concat([Buffer.from([opcode, 0x80 | size, ...mask]), payload])
  if (size <= 0xffff)
    return Buffer.concat([Buffer.from([opcode, 0x80 | 126, size >> 8, size & 0xff, ...mask]), payload])
  const head = Buffer.from([opcode, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0, ...mask])
  head.writeBigUInt64BE(BigInt(size), 2)
  return Buffer.concat([head, payload])
}
