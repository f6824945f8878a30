import { io, type Socket } from 'socket.io-client'
import type { StatusEvent, WatchReply } from '../../src/protocol/events.ts'
import type { Fleet } from './fleet.ts'

/** What a watcher was told of somebody. */
export interface Told {
  readonly at: number
  readonly event: 'userOnline' | 'userOffline' | 'presenceUpdate' | 'snapshot'
  readonly userId: string
  readonly status: string
  readonly version: bigint
}

/** A plain client that writes down all it is told, and watches anew after each connect and each `resync`. */
export interface WatcherLog {
  readonly socket: Socket
  readonly told: readonly Told[]
  /** Moments of `stale` and `resync`, and of connections lost and made. */
  readonly signals: readonly { readonly at: number; readonly name: string }[]
  /** What it shows now: the newest version it knows of everybody. */
  shown(userId: string): string | undefined
  /** Waits until this is so; looked at whenever something arrives. Rejects when it is not after {@link WAIT_MS}. */
  until(condition: () => boolean): Promise<void>
  /** Waits until it shows this of somebody. */
  shows(userId: string, status: string): Promise<void>
  /** From now on `arrivals` and `changes` begin anew. */
  forget(): void
  /** `userOnline` and `userOffline` of somebody since the last `forget()`, in order. */
  arrivals(userId: string): string[]
  /** Statuses it showed one after the other since the last `forget()`, by whatever it was told. */
  changes(userId: string): string[]
  /** Whoever was told an older version after a newer one on the same connection, by an event. */
  wentBack(): string[]
}

/** Longer than anything takes that a watcher waits for. */
const WAIT_MS = 90_000

const EVENTS = ['userOnline', 'userOffline', 'presenceUpdate'] as const

export async function startWatcher(
  fleet: Fleet,
  url: string,
  viewer: string,
  users: readonly string[],
): Promise<WatcherLog> {
  const auth = { token: await fleet.token(viewer) }
  const again = { reconnectionDelay: 100, reconnectionDelayMax: 300 }
  const socket = io(url, { auth, transports: ['websocket'], forceNew: true, ...again })
  const told: Told[] = []
  const signals: { at: number; name: string }[] = []
  const shown = new Map<string, Told>()
  const newest = new Map<string, bigint>()
  const backwards = new Set<string>()
  const changes: Told[] = []
  const looks = new Set<() => void>()
  let from = { told: 0, changes: 0 }

  function take(one: Told): void {
    told.push(one)
    const before = shown.get(one.userId)
    if (before && before.version > one.version) return
    shown.set(one.userId, one)
    if (before?.status !== one.status) changes.push(one)
  }
  function signal(name: string): void {
    signals.push({ at: Date.now(), name })
    look()
  }
  const look = (): void => {
    for (const one of looks) one()
  }

  for (const event of EVENTS) {
    socket.on(event, ({ userId, status, version }: StatusEvent) => {
      const number = BigInt(version)
      // `userOnline` and its `presenceUpdate` are one change.
      if (number < (newest.get(userId) ?? 0n)) backwards.add(userId)
      newest.set(userId, number)
      take({ at: Date.now(), event, userId, status, version: number })
      look()
    })
  }

  async function watch(): Promise<void> {
    const asked = socket.emitWithAck('watch', { users }) as Promise<WatchReply | { ok: false }>
    const reply = await asked.catch(() => null)
    // The connection went meanwhile: the next one asks again.
    if (reply === null) return
    if (!reply.ok) {
      // Not now: the store is away, and a client asks again.
      signal('refused')
      setTimeout(() => socket.connected && void watch(), 250)
      return
    }
    for (const { userId, online_status: status } of reply.presences) {
      const version = BigInt(reply.versions[userId] ?? 0)
      take({ at: Date.now(), event: 'snapshot', userId, status, version })
    }
    signal('watching')
  }
  socket.on('connect', () => {
    newest.clear()
    signal('connect')
    void watch()
  })
  socket.on('disconnect', () => signal('disconnect'))
  socket.on('stale', () => signal('stale'))
  socket.on('resync', () => {
    signal('resync')
    void watch()
  })

  const until: WatcherLog['until'] = (condition) => {
    // Made here: it says which wait it was.
    const tooLate = new Error(`not after ${WAIT_MS / 1_000} s: ${condition.toString()}`)
    return new Promise((resolve, reject) => {
      const end = (): void => {
        looks.delete(one)
        reject(tooLate)
      }
      const timer = setTimeout(end, WAIT_MS)
      const one = (): void => {
        if (!condition()) return
        looks.delete(one)
        clearTimeout(timer)
        resolve()
      }
      looks.add(one)
      one()
    })
  }
  await until(() => signals.some(({ name }) => name === 'watching'))
  const statuses = (list: readonly Told[], userId: string): Told[] => list.filter((one) => one.userId === userId)

  return {
    socket,
    told,
    signals,
    shown: (userId) => shown.get(userId)?.status,
    until,
    shows: (userId, status) => until(() => shown.get(userId)?.status === status),
    forget: () => {
      from = { told: told.length, changes: changes.length }
    },
    arrivals: (userId) =>
      statuses(told.slice(from.told), userId)
        .map(({ event }) => event)
        .filter((event) => event === 'userOnline' || event === 'userOffline'),
    changes: (userId) => statuses(changes.slice(from.changes), userId).map(({ status }) => status),
    wentBack: () => [...backwards],
  }
}
