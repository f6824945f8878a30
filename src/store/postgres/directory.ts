import { quoteName, quoteTable } from './identifiers.ts'

export type DirectoryIdType = 'integer' | 'uuid' | 'text'

/** How the host keeps its providers: names of tables (or views) and columns. */
export interface ProviderDirectory {
  readonly providers: {
    /** One row a provider, with everything that is searched, sorted and given out. */
    readonly table: string
    /** The column of the provider's user id. */
    readonly id: string
    readonly city: string
    readonly rating: string
    readonly price: string
    /** What people search for by name. Absent: nobody can. */
    readonly name?: string
    /** Columns that are given out, under their own names. */
    readonly fields: readonly string[]
  }
  /** Which services a provider offers: one row each. Absent: nobody can search by service. */
  readonly services?: {
    readonly table: string
    /** The column of the provider's user id. */
    readonly provider: string
    readonly service: string
  }
  /** @default 'integer' */
  readonly cityType?: DirectoryIdType
  /** @default 'integer' */
  readonly serviceType?: DirectoryIdType
}

/** A directory whose names are checked and quoted for SQL. */
export interface DirectorySql {
  readonly table: string
  readonly id: string
  readonly city: string
  readonly rating: string
  readonly price: string
  readonly name: string | null
  readonly fields: readonly { readonly name: string; readonly column: string }[]
  readonly services: { readonly table: string; readonly provider: string; readonly service: string } | null
  readonly cityType: DirectoryIdType
  readonly serviceType: DirectoryIdType
}

/** @throws {PresenceError} INVALID_OPTION a name that cannot be one */
export function describeDirectory({
  providers,
  services,
  cityType = 'integer',
  serviceType = 'integer',
}: ProviderDirectory): DirectorySql {
  return {
    table: quoteTable(providers.table),
    id: quoteName(providers.id),
    city: quoteName(providers.city),
    rating: quoteName(providers.rating),
    price: quoteName(providers.price),
    name: providers.name === undefined ? null : quoteName(providers.name),
    fields: providers.fields.map((name) => ({ name, column: quoteName(name) })),
    services: services
      ? {
          table: quoteTable(services.table),
          provider: quoteName(services.provider),
          service: quoteName(services.service),
        }
      : null,
    cityType,
    serviceType,
  }
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const MAX_INTEGER = 2_147_483_647
const MAX_TEXT_LENGTH = 200

const CHECKS: Record<DirectoryIdType, (text: string) => boolean> = {
  integer: (text) => /^\d{1,10}$/.test(text) && Number(text) <= MAX_INTEGER,
  uuid: (text) => UUID.test(text),
  // PostgreSQL's text cannot hold a zero character.
  text: (text) => text !== '' && text.length <= MAX_TEXT_LENGTH && !text.includes('\0'),
}

/** Whether a city or service id that came from outside can be one at all. */
export const isDirectoryId = (type: DirectoryIdType, text: string): boolean => CHECKS[type](text)
