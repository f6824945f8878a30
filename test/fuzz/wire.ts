import { connect } from 'node:net'

/** Milliseconds within which the server says something, or ends the connection: far more than its own patience. */
export const PATIENCE_MS = 20_000

/** Milliseconds of silence behind an answer after which nothing more is expected. */
const QUIET_MS = 40

/** A connection as it is: bytes there and back. */
export interface Wire {
  /** @returns false when there is nobody to send to any more */
  send(octets: Buffer): boolean
  /** Says that nothing more will come. */
  finish(): void
  /** Is gone, without a goodbye. Not after `finish`: Node then never gets rid of it. */
  reset(): void
  /** Lets go of it, when all is known. */
  drop(): void
  readonly received: () => Buffer
  /** Resolves when the server has ended it, or has said something and no more. @returns false when it did neither in time */
  settled(): Promise<boolean>
  /** Resolves when the server has ended it. @returns false when it did not in time */
  ended(): Promise<boolean>
}

/** Opens a connection. One that cannot be opened at once is the server's, who has ended. */
export async function openWire(port: number): Promise<Wire> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  const chunks: Buffer[] = []
  const looks = new Set<() => void>()
  let isOver = false
  const tell = (): void => {
    for (const look of looks) look()
  }
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    tell()
  })
  // Being cut off is an answer, too: what counts is that it ended.
  socket.on('error', () => {})
  for (const event of ['end', 'close'] as const) {
    socket.on(event, () => {
      isOver = true
      tell()
    })
  }
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })

  const until = (isDone: (quiet: () => void) => boolean): Promise<boolean> =>
    new Promise((resolve) => {
      let quietly: NodeJS.Timeout | undefined
      const end = (inTime: boolean): void => {
        clearTimeout(late)
        clearTimeout(quietly)
        looks.delete(look)
        resolve(inTime)
      }
      const late = setTimeout(() => end(false), PATIENCE_MS)
      const look = (): void => {
        clearTimeout(quietly)
        if (isDone(() => (quietly = setTimeout(() => end(true), QUIET_MS)))) end(true)
      }
      looks.add(look)
      look()
    })

  return {
    send: (octets) => socket.writable && (socket.write(octets), true),
    finish: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
    drop: () => void socket.destroy(),
    received: () => Buffer.concat(chunks),
    settled: () =>
      until((quiet) => {
        if (!isOver && chunks.length > 0) quiet()
        return isOver
      }),
    ended: () => until(() => isOver),
  }
}
