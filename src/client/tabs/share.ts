import { randomName } from '../device.ts'
import type { HubOptions } from '../hub.ts'
import type { Channel, Locks } from '../surroundings.ts'
import type { Page, Upstream } from '../upstream.ts'
import { holdLock, type HeldLock } from './hold-lock.ts'
import { type Lead, takeLead } from './lead.ts'
import type { TabMessage } from './messages.ts'
import { watchLeader } from './watch-leader.ts'

export interface ShareOptions {
  readonly hub: Omit<HubOptions, 'tell'>
  readonly locks: Locks
  readonly openChannel: (name: string) => Channel
  /** Names what is shared: tabs with another server or another user are strangers. */
  readonly name: string
  /** Told when the browser refuses locks after all, as it does in some frames. */
  readonly failed: () => void
}

/**
 * One connection for all tabs of a browser. The tab that holds the lock of that name leads; the others queue for it, so
 * that the next leads the moment it is free, however that came about.
 */
export function openShared({ hub, locks, openChannel, name, failed }: ShareOptions, page: Page): Upstream {
  const { timers } = hub.surroundings
  const self = randomName()
  const channel = openChannel(name)
  let lead: Lead | null = null
  let isHere = true
  let isListening = true
  let isIntroduced = false
  /** Who leads, by their own word. One that was deposed while it hung speaks on until it knows: nobody believes it. */
  let leader: string | null = null

  const post = (message: TabMessage): void => {
    if (isListening) channel.post(message)
  }
  const lockOf = (tab: string): string => `${name}:${tab}`
  const introduce = (): void => {
    const [users, held, searches] = [Array.from(page.wanted()), page.held(), page.searches()]
    post({ kind: 'join', from: self, users, held, searches })
  }
  const giveUp = (): void => {
    if (!isHere) return
    shut()
    failed()
  }

  // Held before anything is said: whoever leads waits for it to be free, and takes that for this tab's death.
  const life = holdLock(locks, lockOf(self), {
    granted() {
      isIntroduced = true
      if (!lead) introduce()
    },
    failed: giveUp,
  })

  const watch = watchLeader(hub.surroundings, () => post({ kind: 'ask' }), seize)

  /** @param since says how long nobody has led, when the lock is granted */
  function askForLead(since: () => number, how: 'queue' | 'take'): HeldLock {
    const granted = (): void => {
      watch.stop()
      const mine = { self, lockOf, post, page, isHere: () => isHere, done: shutDown }
      lead = takeLead({ hub, locks, since: since(), ...mine })
    }
    return holdLock(locks, name, { granted, failed: giveUp, stolen: stepDown }, how)
  }
  let leading = askForLead(timers.now, 'queue')
  watch.start()

  function seize(since: number): void {
    page.told({ type: 'lost', since })
    leading.release()
    leading = askForLead(() => since, 'take')
  }

  /**
   * This page hung while it led, or was about to, and another leads now. To fight back would only make the connection change
   * hands again.
   */
  function stepDown(): void {
    const goesOn = lead?.deposed() ?? true
    lead = null
    if (!isHere || !goesOn) return shutDown()
    page.told({ type: 'lost', since: timers.now() })
    leading = askForLead(timers.now, 'queue')
    watch.start()
    if (isIntroduced) introduce()
  }

  function shut(): void {
    isHere = false
    shutDown()
  }

  /** Lets everything go that another tab could wait for. */
  function shutDown(): void {
    if (!isListening) return
    isListening = false
    watch.stop()
    channel.close()
    life.release()
    leading.release()
  }

  const follow = (message: TabMessage): void => {
    if (message.kind === 'lead') {
      page.told({ type: 'lost', since: message.since })
      if (isIntroduced) introduce()
    } else if (message.kind === 'told' && (message.to === null || message.to === self)) {
      const { told } = message
      if (told.type === 'closed') leaveQuietly()
      page.told(told)
    }
  }

  /** @returns whether it comes from the tab that leads */
  const isLeaders = (message: TabMessage): boolean => {
    if (message.kind === 'lead') leader = message.from
    else if (message.kind !== 'told' && message.kind !== 'here') return false
    // Whoever came after `lead` was said learns from the first answer.
    leader ??= message.from
    return message.from === leader
  }

  const leaveQuietly = (): void => {
    post({ kind: 'part', from: self })
    shut()
  }

  // Same origin and same version by its name, so what is heard is what another tab said.
  channel.listen((message) => {
    const isFromLeader = isLeaders(message as TabMessage)
    if (lead) lead.receive(message as TabMessage)
    else if (isFromLeader) {
      watch.heard()
      follow(message as TabMessage)
    }
  })

  const end = (how: 'leave' | 'suspend'): void => {
    if (!isHere) return
    if (!lead) return leaveQuietly()
    // `done` lets go of the locks: at once, or after the others heard why it is over.
    isHere = false
    lead[how]()
  }

  return {
    want(userIds) {
      if (lead) lead.want(userIds)
      else if (isIntroduced) post({ kind: 'want', from: self, users: Array.from(userIds) })
    },
    search(searches) {
      if (lead) lead.search(searches)
      else if (isIntroduced) post({ kind: 'search', from: self, searches })
    },
    activity: () => (lead ? lead.activity() : post({ kind: 'activity' })),
    nudge: () => (lead ? lead.nudge() : post({ kind: 'nudge' })),
    networkLost: () => (lead ? lead.networkLost() : post({ kind: 'network-lost' })),
    leave: () => end('leave'),
    suspend: () => end('suspend'),
  }
}
