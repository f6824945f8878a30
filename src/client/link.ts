import { CONNECTION_TABLE, type ConnectionEvent } from './connection-state.ts'
import type { CloseReason, ConnectionInfo, Readable } from './contract.ts'
import { createSignal } from './signal.ts'
import type { Timers } from './surroundings.ts'

/** Where this page's link to the server stands, whoever holds the connection. */
export interface Link extends Readable<ConnectionInfo> {
  opened(): void
  accepted(): void
  /** @param since epoch milliseconds of the last moment at which the server was surely there */
  lost(since: number): void
  closed(reason: CloseReason): void
}

export function createLink(timers: Timers, overdueAfterMs: number): Link {
  const info = createSignal<ConnectionInfo>({ state: 'closed', reason: 'not-opened' })
  let stopOverdue: (() => void) | null = null

  const step = (event: ConnectionEvent, since: number, reason: CloseReason | null = null): void => {
    const before = info.get()
    const state = CONNECTION_TABLE[before.state][event]
    // A failed attempt to come back must not start the time anew.
    if (state === before.state && reason === before.reason) return
    stopOverdue?.()
    stopOverdue = null
    if (state === 'connecting') {
      const dueIn = Math.max(0, since + overdueAfterMs - timers.now())
      stopOverdue = timers.after(dueIn, () => step('overdue', since))
    }
    info.set({ state, reason: state === 'closed' ? reason : null })
  }

  return {
    get: info.get,
    subscribe: info.subscribe,
    opened: () => step('open', timers.now()),
    accepted: () => step('accepted', timers.now()),
    lost: (since) => step('lost', since),
    closed: (reason) => step('close', timers.now(), reason),
  }
}
