/** Connections by a name they have in common: who watches a user, which sockets a user has. */
export interface SetIndex<Member> {
  add(name: string, member: Member): void
  delete(name: string, member: Member): void
  has(name: string): boolean
  of(name: string): Iterable<Member>
  readonly size: number
}

/** An index without empty sets, so that memory follows what is in it. */
export function createSetIndex<Member>(): SetIndex<Member> {
  const sets = new Map<string, Set<Member>>()
  return {
    add(name, member) {
      const set = sets.get(name)
      if (set) set.add(member)
      else sets.set(name, new Set([member]))
    },
    delete(name, member) {
      const set = sets.get(name)
      set?.delete(member)
      if (set?.size === 0) sets.delete(name)
    },
    has: (name) => sets.has(name),
    of: (name) => sets.get(name) ?? [],
    get size() {
      return sets.size
    },
  }
}
