import { setTimeout as pause } from 'node:timers/promises'
import { QueryTypes } from 'sequelize'
import type { Socket } from 'socket.io-client'
import type { Fleet, Node } from './fleet.ts'

/** Signs of use of each of these clients, evenly spread. @returns stops them */
export function startActivity(sockets: readonly Socket[], everyMs: number): () => void {
  const timers: NodeJS.Timeout[] = []
  for (const [i, socket] of sockets.entries()) {
    const begin = (): void => {
      timers.push(setInterval(() => socket.connected && socket.emit('activity'), everyMs))
    }
    timers.push(setTimeout(begin, (i * everyMs) / sockets.length))
  }
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}

/** A decision, and what became of it. */
export interface Decision {
  readonly userId: string
  /** Counts the decisions of this user; it is their message, too. */
  readonly number: number
  /** When it was asked for, in epoch milliseconds. */
  readonly at: number
  /** Of HTTP; 0: no answer came. */
  readonly status: number
  readonly code: string | null
  readonly retryAfter: string | null
}

export interface Deciding {
  readonly decisions: readonly Decision[]
  /** Resolves when the last one is answered. */
  stop(): Promise<void>
}

/** Lets users decide again and again, each one thing at a time. */
export function startDeciding(fleet: Fleet, url: string, userIds: readonly string[], pauseMs: number): Deciding {
  const decisions: Decision[] = []
  const stopping = new AbortController()

  async function decide(userId: string, number: number): Promise<Decision> {
    const asked = { userId, number, at: Date.now() }
    const body = { status: number % 2 === 0 ? 'dnd' : 'away', message: String(number) }
    try {
      const response = await fleet.patch(url, userId, 'status', body)
      const { code = null } = (await response.json()) as { code?: string }
      return { ...asked, status: response.status, code, retryAfter: response.headers.get('retry-after') }
    } catch {
      return { ...asked, status: 0, code: null, retryAfter: null }
    }
  }
  async function goOn(userId: string): Promise<void> {
    for (let number = 1; !stopping.signal.aborted; number += 1) {
      decisions.push(await decide(userId, number))
      await pause(pauseMs)
    }
  }
  const all = userIds.map(goOn)
  return {
    decisions,
    stop: async () => {
      stopping.abort()
      await Promise.all(all)
    },
  }
}

const MESSAGES_SQL =
  'select user_id::text as id, choice_message as message from porchlight_presence where user_id = any($1::uuid[])'

/**
 * Users of whom PostgreSQL has something older than what they were told is stored, or of whom a node shows something else than PostgreSQL has.
 * What was not acknowledged may have happened all the same.
 */
export async function lostDecisions(
  fleet: Fleet,
  nodes: readonly Node[],
  decisions: readonly Decision[],
): Promise<string[]> {
  const acknowledged = new Map<string, number>()
  for (const { userId, number, status } of decisions) if (status === 200) acknowledged.set(userId, number)
  const ids = [...acknowledged.keys()]
  const { sequelize } = fleet.database
  const rows = await sequelize.query<{ id: string; message: string | null }>(MESSAGES_SQL, {
    bind: [ids],
    type: QueryTypes.SELECT,
  })
  const stored = new Map(rows.map(({ id, message }) => [id, message]))
  const lost = ids
    .filter((id) => Number(stored.get(id) ?? 0) < (acknowledged.get(id) ?? 0))
    .map((id) => `${id}: ${stored.get(id)} is stored, ${acknowledged.get(id)} was acknowledged`)
  for (const { url } of nodes) {
    const shown = await fleet.read(url, ids, ids[0] ?? '')
    for (const id of ids) {
      const message = shown.get(id)?.custom_message
      if (message !== stored.get(id)) lost.push(`${id}: ${message} is shown at ${url}, ${stored.get(id)} is stored`)
    }
  }
  return lost
}
