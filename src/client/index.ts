/**
 * `import … from 'porchlight/client'`: the SDK for browsers; see `docs/client.md`.
 *
 * @module client
 */

export { CONNECTION_TABLE } from './connection-state.ts'
export type { ConnectionEvent, ConnectionState } from './connection-state.ts'
export type {
  CloseReason,
  ConnectionInfo,
  Decision,
  ListedProviders,
  OwnPresence,
  Presence,
  PresenceChange,
  PresenceClient,
  PresenceClientOptions,
  ProviderSearch,
  ProviderSearchState,
  Readable,
} from './contract.ts'
export { createPresenceClient } from './presence-client.ts'
export { RequestError } from './request-error.ts'
export { createSteadySearch, type SteadySearch, type SteadySearchState } from './search/steady-search.ts'
export { UNANSWERED_SEARCH } from './search/unanswered.ts'
