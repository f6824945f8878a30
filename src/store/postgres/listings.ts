import type { UserIdCodec } from '../../domain/user-id.ts'
import type { Listing } from '../contract.ts'
import type { Database } from './database.ts'
import { type DirectorySql, describeDirectory, type ProviderDirectory } from './directory.ts'

/** bigint arrives as text; versions stay below 2^53 (R7). */
interface ListedRow {
  readonly id: string
  readonly city: string | null
  readonly services: readonly string[]
  readonly version: string
}

const listingsSql = ({ table, id, city, services }: DirectorySql, { sqlType }: UserIdCodec): string => {
  const offered = services
    ? `array(select distinct s.${services.service}::text from ${services.table} s where s.${services.provider} = d.${id})`
    : `'{}'::text[]`
  return `
    select d.${id}::text as id, d.${city}::text as city, ${offered} as services, coalesce(p.public_version, 0) as version
    from ${table} d left join porchlight_presence p on p.user_id = d.${id}
    where d.${id} = any($1::${sqlType}[])`
}

/** Reads where a search looks for these users. */
export function listingReader(database: Database, userId: UserIdCodec, directory: ProviderDirectory) {
  const sql = listingsSql(describeDirectory(directory), userId)
  return async (userIds: readonly string[]): Promise<Map<string, Listing>> => {
    if (userIds.length === 0) return new Map()
    const rows = await database.rows<ListedRow>(sql, [userIds])
    return new Map(
      rows.map(({ id, city, services, version }) => [
        id,
        { cityId: city, serviceIds: services, version: Number(version) },
      ]),
    )
  }
}
