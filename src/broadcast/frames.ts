import type { ServerToClient } from '../protocol/events.ts'
import { type Frame, joinFrames } from './engine.ts'
import type { Update } from './update.ts'

/** Encodes one event, see `encodeEvent`. */
export type Encode = <Event extends keyof ServerToClient>(
  event: Event,
  ...payload: Parameters<ServerToClient[Event]>
) => Frame

/** The frames of one tick: what several connections are told alike is encoded once. */
export interface Frames {
  /** One update by itself, as most are told. */
  single(update: Update): Frame
  /** The newest of these updates in one frame, and how many there are; null when every one was superseded. */
  diff(updates: readonly Update[]): { frame: Frame | null; count: number }
  /** An update for those who listen to events, after the event that somebody came or left. */
  events(update: Update): Frame
  resync(): Frame
}

/** A sequence of updates that some connection is told. Connections that are told the same end in the same node. */
interface Sequence {
  readonly parent: Sequence | null
  readonly update: Update | null
  readonly count: number
  next: Map<Update, Sequence> | null
  /** The continuation that was asked for last, which most neighbours share. */
  last: Sequence | null
  frame: Frame | null
}

const sequence = (parent: Sequence | null, update: Update | null): Sequence => ({
  parent,
  update,
  count: parent === null ? 0 : parent.count + 1,
  next: null,
  last: null,
  frame: null,
})

export function createFrames(encode: Encode): Frames {
  let root: Sequence | null = null
  let events: { update: Update; frame: Frame } | null = null

  function diff(updates: readonly Update[]): { frame: Frame | null; count: number } {
    let node = (root ??= sequence(null, null))
    for (const update of updates) if (!update.superseded) node = follow(node, update)
    if (node.count === 0) return { frame: null, count: 0 }
    node.frame ??= encode('presenceDiff', { changed: wordsOf(node) })
    return { frame: node.frame, count: node.count }
  }

  let one: { update: Update; frame: Frame } | null = null

  return {
    single(update) {
      if (one?.update !== update) one = { update, frame: encode('presenceDiff', { changed: [update.words] }) }
      return one.frame
    },
    diff,
    events(update) {
      if (events?.update !== update) events = { update, frame: encodeEvents(encode, update) }
      return events.frame
    },
    resync: () => encode('resync'),
  }
}

function follow(node: Sequence, update: Update): Sequence {
  if (node.last?.update === update) return node.last
  const next = (node.next ??= new Map<Update, Sequence>())
  let found = next.get(update)
  if (!found) next.set(update, (found = sequence(node, update)))
  node.last = found
  return found
}

function wordsOf(end: Sequence): Update['words'][] {
  const words: Update['words'][] = []
  for (let node: Sequence | null = end; node?.update; node = node.parent) words.push(node.update.words)
  return words.toReversed()
}

function encodeEvents(encode: Encode, { words, flip }: Update): Frame {
  const { userId, status, version } = words
  const update = encode('presenceUpdate', words)
  return flip === null ? update : joinFrames(encode(flip, { userId, status, version }), update)
}
