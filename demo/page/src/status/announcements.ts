import { createSignal, type Signal } from '../state/signal.ts'

/** What a screen reader is told: politely, and never more often than every five seconds. */
export interface Announcements {
  readonly text: Signal<string>
  /**
   * Tells of something soon, together with what else happens until then.
   *
   * @param topic what it is about; only the latest of a topic is told
   * @param words asked when it is told, because it may have changed by then; null: nothing to tell any more
   */
  post(topic: string, words: () => string | null): void
}

/** Milliseconds between two announcements. */
const QUIET_MS = 5_000
/** Milliseconds in which what happens together is gathered. */
const GATHER_MS = 300
/** More than this nobody can follow; the rest is counted. */
const MOST_SENTENCES = 2

export function createAnnouncements(): Announcements {
  const text = createSignal('')
  const waiting = new Map<string, () => string | null>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let saidAt = Number.NEGATIVE_INFINITY

  const say = (): void => {
    timer = undefined
    const sentences = Array.from(waiting.values(), (words) => words()).filter((sentence) => sentence !== null)
    waiting.clear()
    if (sentences.length === 0) return
    saidAt = performance.now()
    const more = sentences.length > MOST_SENTENCES ? `, and ${sentences.length - MOST_SENTENCES} more changed` : ''
    text.set(`${sentences.slice(0, MOST_SENTENCES).join(', ')}${more}.`)
  }

  return {
    text,
    post(topic, words) {
      waiting.set(topic, words)
      timer ??= setTimeout(say, Math.max(GATHER_MS, saidAt + QUIET_MS - performance.now()))
    },
  }
}
