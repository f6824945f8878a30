import { useMemo } from 'react'
import type { PresenceInfo } from '../domain/info.ts'
import type { ProviderCard, ProviderWatchRequest } from '../client/contract.ts'
import { createSteadySearch, type SteadySearch, type SteadySearchState } from '../client/search/steady-search.ts'
import { type UseProvidersOptions, useProvidersView } from './use-providers-view.ts'
import { useReadable } from './use-readable.ts'

export interface SteadyProviders<Card = ProviderCard>
  extends SteadySearchState<Card>,
    Pick<SteadySearch<Card>, 'hold' | 'bringIn'> {}

const NOBODY: ReadonlySet<string> = new Set()

/** As `useProviders`, for lists that people point at: while somebody holds it, no card moves. */
export function useSteadyProviders<Card extends { readonly presence: PresenceInfo } = ProviderCard>(
  query: ProviderWatchRequest | null,
  options: UseProvidersOptions<Card> = {},
): SteadyProviders<Card> {
  const view = useProvidersView(query, options)
  const steady = useMemo(() => createSteadySearch(view), [view])
  const onServer = useMemo(() => ({ ...view.onServer, entering: [], leaving: NOBODY }), [view])
  const state = useReadable<SteadySearchState<Card>>(steady, onServer)
  return useMemo(() => ({ ...state, hold: steady.hold, bringIn: steady.bringIn }), [state, steady])
}
