import { createHub, type HubOptions } from '../hub.ts'
import type { Locks } from '../surroundings.ts'
import type { Page, Upstream } from '../upstream.ts'
import { holdLock, type HeldLock } from './hold-lock.ts'
import type { TabMessage } from './messages.ts'

/** What a tab that leads does for the others. */
export interface Lead extends Upstream {
  receive(message: TabMessage): void
  /**
   * Another tab has taken the lead. Lets go of everything without a goodbye, which could be heard by others, and tells
   * nobody anything any more.
   *
   * @returns whether there was still something to lead
   */
  deposed(): boolean
}

export interface LeadOptions {
  readonly hub: Omit<HubOptions, 'tell'>
  readonly locks: Locks
  /** Name of this tab. */
  readonly self: string
  /** The lock that a tab of this name holds as long as it lives. */
  readonly lockOf: (tab: string) => string
  readonly post: (message: TabMessage) => void
  readonly page: Page
  /** Epoch milliseconds of the last moment at which the connection of before was surely there. */
  readonly since: number
  /** Whether this tab still listens; false once it left. */
  readonly isHere: () => boolean
  /** Told when nobody can be surprised any more by another tab's taking over. */
  readonly done: () => void
}

/** Milliseconds in which other tabs may leave, too: when a whole site signs out, the last of them says goodbye. */
const TOGETHER_MS = 250

/** Milliseconds that the other tabs have to hear that all is over, before the next could take the lead and connect. */
const FAREWELL_MS = 1_000

/** Holds the connection for all tabs: this one and those that introduce themselves. */
export function takeLead({ locks, self, lockOf, post, page, since, isHere, done, ...options }: LeadOptions): Lead {
  const { timers } = options.hub.surroundings
  const others = new Map<string, HeldLock>()
  let isOver = false
  let isLeaving = false
  let isDeposed = false

  const hub = createHub({
    ...options.hub,
    tell(told, to) {
      if (isDeposed) return
      // The token is this tab's own: the next to lead may have a better one.
      if (told.type === 'closed' && told.reason === 'token-rejected') {
        isOver = true
        if (isHere()) page.told(told)
        finish(false)
        return
      }
      if (told.type === 'closed') {
        isOver = true
        timers.after(FAREWELL_MS, done)
      }
      if (to !== self) post({ kind: 'told', from: self, told, to: to ?? null })
      if ((to === undefined || to === self) && isHere()) page.told(told)
    },
  })

  const gone = (tab: string): void => {
    others.get(tab)?.release()
    others.delete(tab)
    hub.part(tab)
    if (others.size > 0) return
    if (isLeaving) finish(true)
    else if (isOver) done()
  }

  // A tab that dies says nothing, but the browser takes its lock away and gives it to us.
  const follow = (tab: string): void => {
    if (others.has(tab)) return
    others.set(tab, holdLock(locks, lockOf(tab), { granted: () => gone(tab), failed: () => undefined }))
  }

  function letGo(goodbye: boolean): void {
    isLeaving = false
    hub.stop(goodbye)
    for (const lock of others.values()) lock.release()
  }

  function finish(goodbye: boolean): void {
    letGo(goodbye)
    done()
  }

  const leave = (): void => {
    // Over already, by the server's word: there is nothing left to end, but others may not know it yet.
    if (isOver) return
    if (others.size === 0) return finish(true)
    isLeaving = true
    hub.part(self)
    timers.after(TOGETHER_MS, () => {
      if (isLeaving) finish(false)
    })
  }

  // Whoever led before took the connection along.
  page.told({ type: 'lost', since })
  post({ kind: 'lead', from: self, since })
  hub.join(self, page.wanted(), page.held(), page.searches())
  hub.open()

  return {
    receive(message) {
      if (message.kind === 'part') gone(message.from)
      // Whoever comes now comes anew, after it was over, and waits for the next leader.
      else if (isOver) return
      else if (message.kind === 'ask') post({ kind: 'here', from: self })
      else if (message.kind === 'join') {
        follow(message.from)
        hub.join(message.from, new Set(message.users), message.held, message.searches)
      } else if (message.kind === 'want') {
        if (others.has(message.from)) hub.want(message.from, new Set(message.users))
      } else if (message.kind === 'search') {
        if (others.has(message.from)) hub.search(message.from, message.searches)
      } else if (message.kind === 'activity') hub.activity()
      else if (message.kind === 'nudge') hub.nudge()
      else if (message.kind === 'network-lost') hub.networkLost()
    },
    deposed() {
      const led = !isOver && !isLeaving
      isDeposed = true
      letGo(false)
      return led
    },
    want: (userIds) => hub.want(self, userIds),
    search: (wishes) => hub.search(self, wishes),
    activity: hub.activity,
    nudge: hub.nudge,
    networkLost: hub.networkLost,
    leave,
    suspend: () => {
      if (!isOver) finish(false)
    },
  }
}
