/**
 * `import … from 'porchlight'`: presence for the server of an app.
 *
 * @module server
 */

export { createPresence, type Presence, type PresenceHost } from './create-presence.ts'
export { PRESENCE_ERROR_CODES, PresenceError, type PresenceErrorCode } from './domain/errors.ts'
export type { PresenceInfo } from './domain/info.ts'
export type { DeviceType } from './domain/session.ts'
export { CHOOSABLE_STATUSES, type ChoosableStatus, STATUSES, type Status } from './domain/status.ts'
export { integerIds, type UserIdCodec, uuidIds } from './domain/user-id.ts'
export type { Attributes } from './flags/contract.ts'
export type { FlagSource } from './flags/flag-source.ts'
export type { FilteredRequest, RequestedPresenceFilter } from './gateway/http/presence-filter.ts'
export type { PresenceOptions } from './options.ts'
export type { ProviderList, ProviderPresence, UserDataExport } from './protocol/http.ts'
export type { DeviceDescription, PresenceService, ProviderFilters } from './service/presence-service.ts'
export type { ProviderDirectory } from './store/postgres/directory.ts'
export { extendUserModel, type PresenceMethods } from './store/postgres/extend-user-model.ts'
