import type { Socket } from 'socket.io-client'
import type { ClientToServer, ServerToClient } from '../protocol/events.ts'

export type PresenceSocket = Socket<ServerToClient, ClientToServer>

/** An event as a client heard it: its name, and its payload if it has one. */
export type HeardEvent = {
  [Name in keyof ServerToClient]: readonly [name: Name, ...payload: Parameters<ServerToClient[Name]>]
}[keyof ServerToClient]

export type PayloadOf<Name extends keyof ServerToClient> = Parameters<ServerToClient[Name]>[0]

/** Our events; a host's own ones are the business of its own listeners. */
const OURS: Record<keyof ServerToClient, true> = {
  presenceUpdate: true,
  userOnline: true,
  userOffline: true,
  presenceDiff: true,
  providersDiff: true,
  selfPresence: true,
  resync: true,
  stale: true,
  drain: true,
  closing: true,
}

/** What a client heard and nobody has taken yet. */
export interface Ear {
  /** Takes the first event that fits out of what was heard, or waits for it. */
  next<Name extends keyof ServerToClient>(name: Name, fits?: Partial<PayloadOf<Name>>): Promise<PayloadOf<Name>>
  /** Takes everything that was heard. */
  take(): HeardEvent[]
  /** Ends all waiting. */
  close(): void
}

interface Waiting {
  fits(event: HeardEvent): boolean
  hear(event: HeardEvent): void
  give(error: Error): void
}

export function listenWith(socket: PresenceSocket, whose: string): Ear {
  let heard: HeardEvent[] = []
  const waiting = new Set<Waiting>()

  socket.onAny((name: string, ...payload: unknown[]) => {
    if (!Object.hasOwn(OURS, name)) return
    const event = [name, ...payload] as unknown as HeardEvent
    const waits = Array.from(waiting).find((one) => one.fits(event))
    if (waits) {
      waiting.delete(waits)
      waits.hear(event)
    } else heard.push(event)
  })

  return {
    next: (name, fits = {}) =>
      new Promise((resolve, reject) => {
        const one: Waiting = {
          fits: ([heardName, payload]) => heardName === name && hasAll(payload, fits),
          hear: ([, payload]) => resolve(payload),
          give: reject,
        }
        const found = heard.find((event) => one.fits(event))
        if (found) {
          heard = heard.filter((event) => event !== found)
          one.hear(found)
        } else waiting.add(one)
      }),
    take() {
      const taken = heard
      heard = []
      return taken
    },
    close() {
      const rest = JSON.stringify(heard.map(([name]) => name))
      for (const one of waiting) one.give(new Error(`${whose} never heard what was waited for, but ${rest}.`))
      waiting.clear()
    },
  }
}

const hasAll = (payload: object | undefined, fits: object | undefined): boolean =>
  Object.entries(fits ?? {}).every(([field, value]) => Reflect.get(payload ?? {}, field) === value)
