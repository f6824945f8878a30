/** Members by a name they have in common: who watches a user, which connections a user has. */
export interface SetIndex<Member extends object> {
  add(name: string, member: Member): void
  delete(name: string, member: Member): void
  has(name: string): boolean
  of(name: string): Iterable<Member>
  keys(): Iterable<string>
  readonly size: number
}

/** An index in which most names have one member, which is then kept without a set around it: 200 bytes for each name. */
export function createSetIndex<Member extends object>(): SetIndex<Member> {
  const entries = new Map<string, Member | Set<Member>>()

  return {
    add(name, member) {
      const entry = entries.get(name)
      if (entry === undefined) entries.set(name, member)
      else if (entry instanceof Set) entry.add(member)
      else if (entry !== member) entries.set(name, new Set([entry, member]))
    },
    delete(name, member) {
      const entry = entries.get(name)
      if (entry instanceof Set) {
        entry.delete(member)
        if (entry.size === 0) entries.delete(name)
      } else if (entry === member) entries.delete(name)
    },
    has: (name) => entries.has(name),
    keys: () => entries.keys(),
    of(name) {
      const entry = entries.get(name)
      if (entry === undefined) return []
      return entry instanceof Set ? entry : [entry]
    },
    get size() {
      return entries.size
    },
  }
}
