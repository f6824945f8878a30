import { createHub, type HubOptions } from './hub.ts'
import type { Page, Upstream } from './upstream.ts'

const SELF = 'page'

/** A connection of this page alone. */
export function openDirect(options: Omit<HubOptions, 'tell'>, page: Page): Upstream {
  let hasLeft = false
  const hub = createHub({
    ...options,
    tell: (told) => {
      if (!hasLeft) page.told(told)
    },
  })
  hub.join(SELF, page.wanted(), page.held(), page.searches())
  hub.open()

  const stop = (goodbye: boolean): void => {
    hasLeft = true
    hub.stop(goodbye)
  }
  return {
    want: (userIds) => hub.want(SELF, userIds),
    search: (wishes) => hub.search(SELF, wishes),
    activity: hub.activity,
    nudge: hub.nudge,
    networkLost: hub.networkLost,
    leave: () => stop(true),
    suspend: () => stop(false),
  }
}
