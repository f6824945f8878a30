import type { Server, Socket } from 'socket.io'

/** What the types of Engine.IO keep to themselves. */
interface Engine {
  readonly readyState: string
  sendPacket(type: 'ping'): void
  on(event: 'heartbeat' | 'close', listener: () => void): unknown
  off(event: 'heartbeat' | 'close', listener: () => void): unknown
}

/**
 * Waits for an answer to a ping of Engine.IO, which every client gives by itself and no event handler sees. It travels behind
 * everything that was sent before, both ways: what the server told has been heard then, and what the client sent has arrived.
 */
function roundTrip({ conn }: Socket): Promise<void> {
  const engine = conn as unknown as Engine
  return new Promise((resolve) => {
    const done = (): void => {
      engine.off('heartbeat', done)
      engine.off('close', done)
      resolve()
    }
    if (engine.readyState !== 'open') return resolve()
    engine.on('heartbeat', done)
    engine.on('close', done)
    engine.sendPacket('ping')
  })
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/**
 * Waits until nothing is under way between a server and its clients.
 *
 * @param changes counts what happened so far: whatever happens while waiting is waited for, too
 */
export async function untilQuiet(io: Server, changes: () => number): Promise<void> {
  for (let before = -1; before !== changes(); ) {
    before = changes()
    await Promise.all(Array.from(io.of('/').sockets.values(), roundTrip))
    await nextTurn()
  }
}
