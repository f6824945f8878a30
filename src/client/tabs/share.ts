import { randomName } from '../device.ts'
import type { HubOptions } from '../hub.ts'
import type { Channel, Locks } from '../surroundings.ts'
import type { Page, Upstream } from '../upstream.ts'
import { holdLock } from './hold-lock.ts'
import { type Lead, takeLead } from './lead.ts'
import type { TabMessage } from './messages.ts'

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

  const post = (message: TabMessage): void => {
    if (isListening) channel.post(message)
  }
  const lockOf = (tab: string): string => `${name}:${tab}`
  const introduce = (): void => post({ kind: 'join', from: self, users: Array.from(page.wanted()), held: page.held() })
  const giveUp = (): void => {
    if (!isHere) return
    shut()
    failed()
  }

  // Held before anything is said: whoever leads waits for it to be free, and takes that for this tab's death.
  const life = holdLock(
    locks,
    lockOf(self),
    () => {
      isIntroduced = true
      if (!lead) introduce()
    },
    giveUp,
  )
  const leading = holdLock(
    locks,
    name,
    () => {
      lead = takeLead({ hub, locks, self, lockOf, post, page, isHere: () => isHere, done: shutDown })
    },
    giveUp,
  )

  function shut(): void {
    isHere = false
    shutDown()
  }

  /** Lets everything go that another tab could wait for. */
  function shutDown(): void {
    if (!isListening) return
    isListening = false
    channel.close()
    life.release()
    leading.release()
  }

  const follow = (message: TabMessage): void => {
    if (message.kind === 'lead') {
      page.told({ type: 'lost', since: timers.now() })
      if (isIntroduced) introduce()
    } else if (message.kind === 'told' && (message.to === null || message.to === self)) {
      const { told } = message
      if (told.type === 'closed') leaveQuietly()
      page.told(told)
    }
  }

  const leaveQuietly = (): void => {
    post({ kind: 'part', from: self })
    shut()
  }

  // Same origin and same version by its name, so what is heard is what another tab said.
  channel.listen((message) => {
    if (lead) lead.receive(message as TabMessage)
    else follow(message as TabMessage)
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
    activity: () => (lead ? lead.activity() : post({ kind: 'activity' })),
    nudge: () => (lead ? lead.nudge() : post({ kind: 'nudge' })),
    networkLost: () => (lead ? lead.networkLost() : post({ kind: 'network-lost' })),
    leave: () => end('leave'),
    suspend: () => end('suspend'),
  }
}
