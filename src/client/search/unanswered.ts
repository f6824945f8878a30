import type { ProviderSearchState } from '../contract.ts'

/** What there is to show before anybody answered. */
export const UNANSWERED_SEARCH: ProviderSearchState<never> = {
  status: 'loading',
  providers: [],
  counts: null,
  nextCursor: null,
  asOf: null,
  error: null,
}
