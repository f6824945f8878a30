import type { ErrorReply, WatchReply } from '../protocol/events.ts'
import { createBackoff } from './backoff.ts'
import { answered, type PresenceSocket } from './connection.ts'
import type { Timers } from './surroundings.ts'
import { createWatchList } from './watch-list.ts'

/** Keeps the server's list of whom this connection watches equal to what is wanted. */
export interface WatchSync {
  /** A new connection: the server knows nothing yet. */
  restart(): void
  /** Nothing can be sent for now. */
  stop(): void
  /** What is wanted may have changed. Changes are gathered; nothing is sent when the whole set is as it was. */
  changed(): void
  /** Asks again for everybody, whatever changed. */
  again(): void
  /** As `again`, after a pause. */
  later(): void
  /** Whether the server was asked for news of this user. */
  isAsked(userId: string): boolean
}

export interface WatchSyncNeeds {
  wanted(): ReadonlySet<string>
  /** The version held of a user, if any. */
  known(userId: string): string | undefined
  /** These are no longer asked for. */
  dropped(userIds: readonly string[]): void
  answered(asked: readonly string[], reply: WatchReply): void
  /** The server refused something for good; the rest is still watched. */
  refused(error: ErrorReply['error']): void
}

/** Milliseconds that changes of the wishes are gathered, so that a new list of cards is one message. */
const GATHER_MS = 50

export function createWatchSync(timers: Timers, socket: PresenceSocket, needs: WatchSyncNeeds): WatchSync {
  const list = createWatchList()
  const backoff = createBackoff()
  /** What the server was asked for last. It replaces the whole list each time, so this is all that it tells of. */
  let asked: ReadonlySet<string> = new Set()
  /** Grows with each connection, so that an answer from before it says nothing. */
  let turn = 0
  let isConnected = false
  let isWaiting = false
  /** Epoch milliseconds at which the whole list is sent even if it did not change. */
  let forceAt = Number.POSITIVE_INFINITY
  let stopTimer: (() => void) | null = null
  let dueAt = Number.POSITIVE_INFINITY

  /** The earlier of two appointments is kept. */
  const soon = (ms: number): void => {
    const at = timers.now() + ms
    if (!isConnected || ms === Number.POSITIVE_INFINITY || at >= dueAt) return
    stopTimer?.()
    dueAt = at
    stopTimer = timers.after(ms, () => void run())
  }

  const clear = (): void => {
    stopTimer?.()
    stopTimer = null
    dueAt = Number.POSITIVE_INFINITY
  }

  async function run(): Promise<void> {
    clear()
    // One question at a time: whoever wishes meanwhile is part of the next.
    if (!isConnected || isWaiting) return
    const users = list.next(needs.wanted())
    if (timers.now() < forceAt && isSameSet(users, asked)) return soon(forceAt - timers.now())
    forceAt = Number.POSITIVE_INFINITY
    const mine = turn
    ask(users)
    isWaiting = true
    const reply = await answered<WatchReply>(timers, (ack) => socket.emit('watch', { users, known: known(users) }, ack))
    if (mine !== turn) return
    isWaiting = false
    if (reply.ok) accept(users, reply)
    else refuse(users, reply.error)
  }

  const ask = (users: readonly string[]): void => {
    const next = new Set(users)
    needs.dropped(Array.from(asked).filter((userId) => !next.has(userId)))
    asked = next
  }

  const known = (users: readonly string[]): Record<string, string> => {
    const versions: Record<string, string> = {}
    for (const userId of users) {
      const version = needs.known(userId)
      if (version !== undefined) versions[userId] = version
    }
    return versions
  }

  const accept = (users: readonly string[], reply: WatchReply): void => {
    list.accepted(users)
    needs.answered(users, reply)
    if (reply.stale) force(backoff.next())
    else backoff.reset()
    // Wishes may have changed while the answer was under way, and what was refused once is tried in parts.
    soon(0)
  }

  const refuse = (users: readonly string[], error: ErrorReply['error']): void => {
    if (error.retryable) return force(backoff.next())
    if (list.refused(users, error.code === 'LIMIT_EXCEEDED')) needs.refused(error)
    force(0)
  }

  const force = (ms: number): void => {
    forceAt = Math.min(forceAt, timers.now() + ms)
    soon(ms)
  }

  const reset = (connected: boolean): void => {
    clear()
    turn += 1
    isWaiting = false
    forceAt = Number.POSITIVE_INFINITY
    isConnected = connected
  }

  return {
    restart() {
      reset(true)
      backoff.reset()
      // An empty list is what a new connection has.
      const wanted = needs.wanted()
      needs.dropped(Array.from(asked).filter((userId) => !wanted.has(userId)))
      asked = new Set()
      void run()
    },
    stop: () => reset(false),
    changed: () => soon(GATHER_MS),
    again: () => force(0),
    later: () => force(backoff.next()),
    isAsked: (userId) => asked.has(userId),
  }
}

const isSameSet = (list: readonly string[], set: ReadonlySet<string>): boolean =>
  list.length === set.size && list.every((userId) => set.has(userId))
