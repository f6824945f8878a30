import type { UserIdCodec } from '../../domain/user-id.ts'
import type { Listing } from '../contract.ts'
import type { Database } from './database.ts'

/** bigint arrives as text; versions stay below 2^53 (R7). */
interface ListedRow {
  readonly id: string
  readonly city: string | null
  readonly services: readonly string[]
  readonly version: string
}

const listingsSql = ({ sqlType }: UserIdCodec): string => `
  select user_id::text as id, nullif(city, '') as city, services, public_version as version
  from porchlight_presence where user_id = any($1::${sqlType}[]) and city is not null`

/** Reads where a search looks for these users. */
export function listingReader(database: Database, userId: UserIdCodec) {
  const sql = listingsSql(userId)
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
