/** Things that end at a moment, by the second: most of many thousand connections end hours from now, and nobody looks at those. */
export interface Expiries<Thing extends object> {
  /** Replaces when a thing ends. @param at epoch milliseconds, rounded up to a second; null: never */
  set(thing: Thing, at: number | null): void
  /** Takes out what has ended. @param now epoch milliseconds */
  takeDue(now: number): Thing[]
  /** Epoch milliseconds at which something ends next, or null. */
  next(): number | null
}

export function createExpiries<Thing extends object>(): Expiries<Thing> {
  const bySecond = new Map<number, Set<Thing>>()
  const secondOf = new WeakMap<Thing, number>()
  /** No second before it has anything. */
  let earliest = Number.POSITIVE_INFINITY

  function remove(thing: Thing): void {
    const second = secondOf.get(thing)
    if (second === undefined) return
    secondOf.delete(thing)
    const others = bySecond.get(second)
    others?.delete(thing)
    if (others?.size === 0) bySecond.delete(second)
  }

  return {
    set(thing, at) {
      remove(thing)
      if (at === null) return
      const second = Math.ceil(at / 1000)
      secondOf.set(thing, second)
      const others = bySecond.get(second)
      if (others) others.add(thing)
      else bySecond.set(second, new Set([thing]))
      earliest = Math.min(earliest, second)
    },
    takeDue(now) {
      if (now < earliest * 1000) return []
      const due = [...bySecond].filter(([second]) => second * 1000 <= now).flatMap(([, things]) => [...things])
      for (const thing of due) remove(thing)
      earliest = Math.min(...bySecond.keys())
      return due
    },
    next() {
      earliest = Math.min(...bySecond.keys())
      return Number.isFinite(earliest) ? earliest * 1000 : null
    },
  }
}
