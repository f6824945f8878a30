/** One change as a watcher hears of it. */
export interface HeardUpdate {
  readonly userId: string
  readonly status: string
  /** Epoch milliseconds. */
  readonly at: number
}

export type Heard =
  | { readonly kind: 'ping' }
  | { readonly kind: 'open' }
  | { readonly kind: 'joined' }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'ack'; readonly id: number; readonly text: string }
  | { readonly kind: 'updates'; readonly updates: readonly HeardUpdate[] }
  | { readonly kind: 'event'; readonly name: string }

interface Known {
  readonly frame: Buffer
  readonly heard: Heard
}

/** Frames remembered, at most: more than are ever under way at once. */
const MAX_KNOWN = 512
const TAIL_BYTES = 48

/**
 * Reads frames of Engine.IO 4 and Socket.IO 5. Thousands of watchers are sent the same bytes: these are read once and then
 * only compared, so that the load generator costs less than the server it measures.
 */
export function createFrameReader(): (frame: Buffer) => Heard {
  let known = new Map<string, Known>()

  return (frame) => {
    // `42["presenceDiff"`: the only frames that many receive alike.
    if (frame.length < 20 || frame[0] !== 0x34 || frame[1] !== 0x32 || frame[4] !== 0x70)
      return readFrame(frame.toString())
    const key = `${frame.length} ${frame.toString('latin1', frame.length - TAIL_BYTES)}`
    const same = known.get(key)
    if (same?.frame.equals(frame)) return same.heard
    const heard = readFrame(frame.toString())
    if (known.size >= MAX_KNOWN) known = new Map()
    known.set(key, { frame: Buffer.from(frame), heard })
    return heard
  }
}

export function readFrame(text: string): Heard {
  if (text === '2') return { kind: 'ping' }
  if (text.startsWith('0')) return { kind: 'open' }
  if (text.startsWith('40')) return { kind: 'joined' }
  if (text.startsWith('42')) return readEvent(text.slice(2))
  const ack = /^43(\d+)/.exec(text)
  if (ack) return { kind: 'ack', id: Number(ack[1]), text }
  return { kind: 'refused', text }
}

function readEvent(text: string): Heard {
  const [name, payload] = JSON.parse(text) as [string, unknown]
  if (name !== 'presenceDiff') return { kind: 'event', name }
  const { changed } = payload as { changed: { userId: string; status: string; timestamp: string }[] }
  const updates = changed.map(({ userId, status, timestamp }) => ({ userId, status, at: Date.parse(timestamp) }))
  return { kind: 'updates', updates }
}
