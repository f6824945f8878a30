import type { PresenceInfo } from '../domain/info.ts'
import type { ProviderCard, ProviderSearchState, ProviderWatchRequest } from '../client/contract.ts'
import { type UseProvidersOptions, useProvidersView } from './use-providers-view.ts'
import { useReadable } from './use-readable.ts'

/**
 * Who answers a search for providers, told of all that changes while the component is shown. Cards that did not change stay the same
 * objects. Another object that says the same is the same search; null searches for nobody.
 */
export function useProviders<Card extends { readonly presence: PresenceInfo } = ProviderCard>(
  query: ProviderWatchRequest | null,
  options: UseProvidersOptions<Card> = {},
): ProviderSearchState<Card> {
  const view = useProvidersView(query, options)
  return useReadable(view, view.onServer)
}
