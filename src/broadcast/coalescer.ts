import type { Watcher } from './contract.ts'
import { createFrames, type Encode } from './frames.ts'
import { type Engine, type Frame, writeFrame } from './engine.ts'
import type { Update } from './update.ts'

/** A connection as delivery sees it. */
export interface Receiver extends Watcher {
  readonly engine: Engine
  /** Updates that wait for the end of a tick, or for the network, oldest first. */
  held: Update[]
  /** Milliseconds of the clock when something was last written. */
  writtenAt: number
  /** `queueing`: the network takes no more for now. `behind`: it took so little that reading anew is cheaper. */
  state: 'flowing' | 'queueing' | 'behind'
  /** News of topics that wait for the network, at most. */
  unread: number
}

export interface CoalescerOptions {
  encode: Encode
  /** Milliseconds for which updates of a busy connection are gathered into one frame, at the moment. */
  tickMs: () => number
  /** Updates, or packets, that may wait for a slow connection before it is told to read anew (R43). */
  maxQueued: number
  /** Milliseconds that never step back. */
  clock: () => number
  /** Called with the number of updates that were written, and the number of connections that got them in a frame each. */
  onDelivered: (updates: number, frames: number) => void
}

export interface Coalescer {
  /** Tells these of one update: at once those who heard nothing lately, the others when their tick ends. */
  offer(receivers: Iterable<Receiver>, update: Update, atOnce: boolean): void
  /** Tells these one thing that nothing supersedes, at once. @returns how many were told */
  tell(receivers: Iterable<Receiver>, frame: Frame): number
  /** Ends the tick now. */
  flush(): void
}

/** News of topics, each larger than an update, that may wait for a slow connection before it is told to read anew (R43). */
const MAX_UNREAD = 32

/**
 * Writes at once when calm and merges when busy (R42): a write costs the same for one update and for fifty. A connection that
 * was written to less than a tick ago waits for the common end of the tick, by which only the newest update of a user is
 * left; what many wait for alike is encoded once.
 *
 * Memory stays bounded for slow connections (R43): while the network takes no more, updates wait here, and above `maxQueued`
 * they are dropped for a `resync`.
 */
export function createCoalescer({ encode, tickMs, maxQueued, clock, onDelivered }: CoalescerOptions): Coalescer {
  const waiting = new Set<Receiver>()
  let timer: ReturnType<typeof setTimeout> | null = null
  let tick = tickMs()

  /** @returns updates that were written */
  function offerOne(receiver: Receiver, update: Update, atOnce: boolean, now: number, frames: Frames): number {
    if (receiver.state === 'behind') return 0
    if (receiver.format === 'events') return writeEvents(receiver, update, frames)
    const calm = receiver.held.length === 0 && now - receiver.writtenAt >= tick
    if (calm && receiver.state === 'flowing' && receiver.engine.writeBuffer.length === 0) {
      writeFrame(receiver.engine, frames.single(update))
      receiver.writtenAt = now
      return 1
    }
    if ((calm || atOnce) && receiver.state === 'flowing') {
      receiver.held.push(update)
      return writeHeld(receiver, now, frames)
    }
    receiver.held.push(update)
    const tooMany = receiver.held.length > maxQueued
    if (receiver.state === 'flowing') {
      // More than that within one tick is no fault of the connection.
      if (tooMany) return writeHeld(receiver, now, frames)
      waiting.add(receiver)
      timer ??= setTimeout(flush, tick)
    } else if (tooMany) fallBehind(receiver)
    return 0
  }

  /** Listeners to events are told each update by itself, in up to two packets. */
  function writeEvents(receiver: Receiver, update: Update, frames: Frames): number {
    if (receiver.engine.writeBuffer.length > maxQueued) {
      fallBehind(receiver)
      return 0
    }
    writeFrame(receiver.engine, frames.events(update))
    return 1
  }

  function writeHeld(receiver: Receiver, now: number, frames: Frames): number {
    const { engine, held } = receiver
    if (engine.writeBuffer.length > 0) {
      awaitDrain(receiver, 'queueing')
      return 0
    }
    const { frame, count } = frames.diff(held)
    receiver.held = []
    if (frame === null) return 0
    writeFrame(engine, frame)
    receiver.writtenAt = now
    return count
  }

  function tellOne(receiver: Receiver, frame: Frame): boolean {
    if (receiver.state === 'behind') return false
    receiver.unread = receiver.engine.writeBuffer.length === 0 ? 0 : receiver.unread + 1
    if (receiver.unread > MAX_UNREAD) {
      fallBehind(receiver)
      return false
    }
    writeFrame(receiver.engine, frame)
    return true
  }

  function fallBehind(receiver: Receiver): void {
    receiver.held = []
    awaitDrain(receiver, 'behind')
  }

  function awaitDrain(receiver: Receiver, state: 'queueing' | 'behind'): void {
    const already = receiver.state !== 'flowing'
    receiver.state = state
    waiting.delete(receiver)
    if (already) return
    receiver.engine.once('drain', () => resume(receiver))
  }

  function resume(receiver: Receiver): void {
    const { state } = receiver
    receiver.state = 'flowing'
    const frames = createFrames(encode)
    if (state === 'behind') writeFrame(receiver.engine, frames.resync())
    else if (receiver.held.length > 0) onDelivered(writeHeld(receiver, clock(), frames), 1)
  }

  function flush(): void {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const due = Array.from(waiting)
    waiting.clear()
    const now = clock()
    const frames = createFrames(encode)
    let [delivered, written] = [0, 0]
    for (const receiver of due) {
      if (receiver.held.length === 0) continue
      const count = writeHeld(receiver, now, frames)
      delivered += count
      if (count > 0) written += 1
    }
    if (delivered > 0) onDelivered(delivered, written)
  }

  return {
    offer(receivers, update, atOnce) {
      tick = tickMs()
      const now = clock()
      const frames = createFrames(encode)
      let [delivered, written] = [0, 0]
      for (const receiver of receivers) {
        const count = offerOne(receiver, update, atOnce, now, frames)
        delivered += count
        if (count > 0) written += 1
      }
      if (delivered > 0) onDelivered(delivered, written)
    },
    tell(receivers, frame) {
      let told = 0
      for (const receiver of receivers) if (tellOne(receiver, frame)) told += 1
      return told
    },
    flush,
  }
}

type Frames = ReturnType<typeof createFrames>
