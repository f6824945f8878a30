import { createSetIndex } from './set-index.ts'

/** Which connections listen to which topics. */
export interface Topics<Listener> {
  listen(listener: Listener, topic: string): void
  unlisten(listener: Listener, topics: Iterable<string>): void
  of(listener: Listener): ReadonlySet<string>
  has(topic: string): boolean
  /** Those who listen, apart from those who only just began: what they were answered may still be under way. */
  listeners(topic: string): { settled: Listener[]; joining: Listener[] }
}

const NONE: ReadonlySet<string> = new Set()

export function createTopics<Listener extends object>(): Topics<Listener> {
  const listenersOf = createSetIndex<Listener>()
  const topicsOf = new Map<Listener, Set<string>>()
  /** Those who began to listen since the event loop came round last. */
  const joining = new Map<string, Set<Listener>>()

  function join(listener: Listener, topic: string): void {
    // All of them settle together, when the answers are on their way.
    if (joining.size === 0) setImmediate(() => joining.clear())
    const others = joining.get(topic)
    if (others) others.add(listener)
    else joining.set(topic, new Set([listener]))
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
    listeners(topic) {
      const fresh = joining.get(topic)
      const all = [...listenersOf.of(topic)]
      if (!fresh) return { settled: all, joining: [] }
      return {
        settled: all.filter((listener) => !fresh.has(listener)),
        joining: all.filter((listener) => fresh.has(listener)),
      }
    },
  }
}
