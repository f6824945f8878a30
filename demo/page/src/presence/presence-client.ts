import { watchActivity } from './activity.ts'
import { answered, type Connection, openConnection } from './connection.ts'
import type { ConnectionState } from './connection-state.ts'
import { createRoster, type Roster } from './roster.ts'
import { createSignal, type Signal } from './signal.ts'
import type { ErrorReply, PresenceInfo, StatusChange, WatchReply } from './wire.ts'

/** Milliseconds that changes of the visible set are gathered, so that a new list of cards is one request. */
const GATHER_MS = 50
/** Milliseconds until a watch that failed, or whose answer was old, is tried again. */
const RETRY_MS = 3_000

export interface PresenceClient {
  readonly roster: Roster
  readonly state: Signal<ConnectionState>
  /** True while what is shown may be wrong, because we lost the server or the server lost its store. */
  readonly stale: Signal<boolean>
  open(token: () => string, listener: SessionListener): void
  close(): void
  /** Asks for news of these people until the returned function is called. */
  watch(userIds: readonly string[]): () => void
  setStatus(choice: StatusChange): Promise<{ ok: true; presence: PresenceInfo } | ErrorReply>
}

/** What the live connection tells about the person who is signed in. */
interface SessionListener {
  selfPresence: (presence: PresenceInfo) => void
  signedOut: () => void
  tokenRejected: () => void
}

/** The page's whole knowledge of presence, as a plain store. The public SDK takes its place later. */
export function createPresenceClient(): PresenceClient {
  const roster = createRoster()
  const state = createSignal<ConnectionState>('closed')
  const storeLost = createSignal(false)
  const stale = createSignal(false)
  const wanted = new Set<readonly string[]>()
  let connection: Connection | null = null
  let stopActivity: (() => void) | null = null
  let pending: ReturnType<typeof setTimeout> | undefined

  const judge = (): void => stale.set(state.get() === 'stale' || storeLost.get())
  state.subscribe(() => {
    judge()
    // Without a connection nobody's news arrives, so a plain read is the best there is.
    if (state.get() === 'closed' || state.get() === 'stale') roster.expectNewsOf(new Set())
  })
  storeLost.subscribe(judge)

  const wantedIds = (): Set<string> => new Set(Array.from(wanted).flat())

  const sendSoon = (delayMs: number): void => {
    clearTimeout(pending)
    pending = setTimeout(() => void sendWatch(), delayMs)
  }

  /** Sends the whole list (R41): the answer is a snapshot, and what follows are changes to it. */
  async function sendWatch(): Promise<void> {
    const current = connection
    if (!current?.socket.connected) return
    const ids = wantedIds()
    roster.expectNewsOf(ids)
    const users = Array.from(ids)
    const reply = await answered<WatchReply>((ack) =>
      current.socket.emit('watch', { users, known: roster.versions(users) }, ack),
    )
    if (connection !== current) return
    if (!reply.ok) {
      if (reply.error.retryable) sendSoon(RETRY_MS)
      return
    }
    roster.adopt(reply.presences, reply.versions)
    storeLost.set(reply.stale)
    if (reply.stale) sendSoon(RETRY_MS)
  }

  function close(): void {
    stopActivity?.()
    stopActivity = null
    clearTimeout(pending)
    connection?.close()
    connection = null
    storeLost.set(false)
  }

  function open(token: () => string, listener: SessionListener): void {
    close()
    // Another person may see other things, in views with versions of their own.
    roster.clear()
    connection = openConnection(token, state, {
      accepted: () => sendSoon(0),
      signedOut: listener.signedOut,
      tokenRejected: listener.tokenRejected,
    })
    const { socket } = connection
    socket.on('presenceUpdate', roster.apply)
    socket.on('selfPresence', listener.selfPresence)
    socket.on('resync', () => sendSoon(0))
    socket.on('stale', () => {
      storeLost.set(true)
      sendSoon(RETRY_MS)
    })
    stopActivity = watchActivity(() => {
      if (socket.connected) socket.emit('activity')
    })
  }

  return {
    roster,
    state,
    stale,
    open,
    close,
    watch(userIds) {
      const entry = Array.from(userIds)
      wanted.add(entry)
      sendSoon(GATHER_MS)
      return () => {
        wanted.delete(entry)
        sendSoon(GATHER_MS)
      }
    },
    async setStatus(choice) {
      const current = connection
      if (!current?.socket.connected) {
        return {
          ok: false,
          error: { code: 'NOT_CONNECTED', message: 'There is no connection right now.', retryable: true },
        }
      }
      return await answered<{ ok: true; presence: PresenceInfo }>((ack) =>
        current.socket.emit('setStatus', choice, ack),
      )
    },
  }
}
