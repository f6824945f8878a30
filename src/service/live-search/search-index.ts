import type { Place } from '../../store/contract.ts'
import type { ProviderQuery } from '../verbs.ts'

/** Members by names: which searches show a user, which are of a city and a service. */
function createGroups<Member>() {
  const groups = new Map<string, Set<Member>>()
  return {
    of: (name: string): Iterable<Member> => groups.get(name) ?? [],
    add(name: string, member: Member): void {
      const group = groups.get(name)
      if (group) group.add(member)
      else groups.set(name, new Set([member]))
    },
    delete(name: string, member: Member): void {
      const group = groups.get(name)
      if (group?.delete(member) && group.size === 0) groups.delete(name)
    },
  }
}

const scopeName = (cityId: string | null, serviceId: string | null): string => JSON.stringify([cityId, serviceId])

/** Finds the searches that a change concerns, without looking at the others. */
export function createSearchIndex<Search extends { readonly query: ProviderQuery }>() {
  const scopes = createGroups<Search>()
  const shown = createGroups<Search>()
  const scopeOf = ({ query }: Search) => scopeName(query.cityId, query.serviceId)

  return {
    add: (search: Search): void => scopes.add(scopeOf(search), search),
    delete(search: Search, userIds: readonly string[]): void {
      scopes.delete(scopeOf(search), search)
      for (const userId of userIds) shown.delete(userId, search)
    },
    /** The window of a search holds these instead of those. */
    move(search: Search, before: readonly string[], after: readonly string[]): void {
      for (const userId of before) shown.delete(userId, search)
      for (const userId of after) shown.add(userId, search)
    },
    showing: (userId: string): Iterable<Search> => shown.of(userId),
    /** Searches that may find somebody who is listed so, or count them. */
    *concerned({ cityId, serviceIds }: Place): Iterable<Search> {
      // Null stands for any, and nobody offers a service twice.
      for (const city of new Set([cityId, null])) {
        for (const service of new Set([...serviceIds, null])) yield* scopes.of(scopeName(city, service))
      }
    },
  }
}
