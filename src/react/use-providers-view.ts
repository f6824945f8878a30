import { useMemo } from 'react'
import type { PresenceInfo } from '../domain/info.ts'
import type { ListedProviders, ProviderWatchRequest } from '../client/contract.ts'
import { normaliseQuery } from '../client/search/query.ts'
import { usePresenceContext } from './presence-context.ts'
import { createProvidersView, type ProvidersView } from './providers-view.ts'

export interface UseProvidersOptions<Card> {
  /** What a list that the page was rendered with said, shown until the server answers. Read once for each search. */
  readonly initial?: ListedProviders<Card>
}

/** The same view as long as the same is searched for, whatever object says so. */
export function useProvidersView<Card extends { readonly presence: PresenceInfo }>(
  query: ProviderWatchRequest | null,
  { initial }: UseProvidersOptions<Card>,
): ProvidersView<Card> {
  const { client } = usePresenceContext()
  const key = query === null ? null : normaliseQuery(query).key
  return useMemo(() => createProvidersView(client, query, initial), [client, key])
}
