import { createSetIndex } from './set-index.ts'

/** Which connections listen to which topics. */
export interface Topics<Listener> {
  listen(listener: Listener, topic: string): void
  unlisten(listener: Listener, topics: Iterable<string>): void
  of(listener: Listener): ReadonlySet<string>
  has(topic: string): boolean
  /**
   * Does something for those who listen: at once, but for those who only just began, whose answer may still be under way, right after
   * it, and in the order in which it came.
   *
   * @returns how many listen
   */
  each(topic: string, work: (listeners: readonly Listener[]) => unknown): number
}

interface Joining<Listener> {
  readonly listeners: Set<Listener>
  readonly waiting: {
    readonly listeners: readonly Listener[]
    readonly work: (listeners: readonly Listener[]) => unknown
  }[]
}

const NONE: ReadonlySet<string> = new Set()

export function createTopics<Listener extends object>(): Topics<Listener> {
  const listenersOf = createSetIndex<Listener>()
  const topicsOf = new Map<Listener, Set<string>>()
  /** By topic: who began to listen since the event loop came round last, and what waits for them. */
  const joining = new Map<string, Joining<Listener>>()

  function join(listener: Listener, topic: string): void {
    // All of them settle together, when the answers are on their way.
    if (joining.size === 0) setImmediate(settle)
    const others = joining.get(topic)
    if (others) others.listeners.add(listener)
    else joining.set(topic, { listeners: new Set([listener]), waiting: [] })
  }

  function settle(): void {
    const settled = [...joining]
    joining.clear()
    for (const [topic, { waiting }] of settled) {
      for (const { listeners, work } of waiting) work(listeners.filter((one) => topicsOf.get(one)?.has(topic)))
    }
  }

  return {
    of: (listener) => topicsOf.get(listener) ?? NONE,
    has: (topic) => listenersOf.has(topic),
    listen(listener, topic) {
      listenersOf.add(topic, listener)
      const topics = topicsOf.get(listener)
      if (topics) topics.add(topic)
      else topicsOf.set(listener, new Set([topic]))
      join(listener, topic)
    },
    unlisten(listener, ended) {
      const topics = topicsOf.get(listener)
      if (!topics) return
      for (const topic of ended) if (topics.delete(topic)) listenersOf.delete(topic, listener)
      if (topics.size === 0) topicsOf.delete(listener)
    },
    each(topic, work) {
      const fresh = joining.get(topic)
      const all = [...listenersOf.of(topic)]
      work(all.filter((listener) => !fresh?.listeners.has(listener)))
      const late = all.filter((listener) => fresh?.listeners.has(listener))
      if (late.length > 0) fresh?.waiting.push({ listeners: late, work })
      return all.length
    },
  }
}
