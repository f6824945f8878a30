import type { PresenceInfo } from 'porchlight/protocol'
import { createSignal, type Signal } from '../state/signal.ts'

/** When a choice ends, epoch milliseconds. */
export interface ChoiceEnd {
  /** Whose and which: anything else that is shown has no end that we know of. */
  readonly choice: string
  readonly until: number
}

const KEY = 'porchlight.choice-ends'

/** A presence does not say when its choice ends, so the browser that made the choice keeps it across a reload. */
export const choiceEnd: Signal<ChoiceEnd | null> = keptIn(localStorage)

function keptIn(storage: Storage): Signal<ChoiceEnd | null> {
  const signal = createSignal(read(storage))
  return {
    ...signal,
    set(end) {
      signal.set(end)
      if (end) storage.setItem(KEY, JSON.stringify([end.choice, end.until]))
      else storage.removeItem(KEY)
    },
  }
}

function read(storage: Storage): ChoiceEnd | null {
  try {
    const kept: unknown = JSON.parse(storage.getItem(KEY) ?? 'null')
    if (!Array.isArray(kept)) return null
    const [choice, until] = kept as unknown[]
    return typeof choice === 'string' && typeof until === 'number' ? { choice, until } : null
  } catch {
    return null
  }
}

export const choiceOf = ({
  userId,
  online_status,
  custom_message,
}: Pick<PresenceInfo, 'userId' | 'online_status' | 'custom_message'>): string =>
  JSON.stringify([userId, online_status, custom_message ?? null])

/** When the choice that is shown ends, or null when it does not, as far as this browser knows. */
export function endOf(presence: PresenceInfo | null, end: ChoiceEnd | null, now: number): number | null {
  if (!presence || !end || end.choice !== choiceOf(presence)) return null
  return end.until > now ? end.until : null
}
