import type { UserIdCodec } from '../../domain/user-id.ts'
import type { ListingPass, Place, Relisting } from '../contract.ts'
import { countMoved, RECOUNT } from './counts.ts'
import { type Database, despiteDeletions } from './database.ts'
import type { DirectorySql } from './directory.ts'
import { FIRST_ROW_COLUMNS, firstRow } from './first-row.ts'
import type { HostUsers } from './host-users.ts'
import type { PersonalTable } from './personal-tables.ts'
import { type DirectoryEntry, directoryReader } from './read-directory.ts'

/** A copy of what the host's own directory says in public. */
export const DIRECTORY_TABLE: PersonalTable = { table: 'porchlight_directory', owner: 'user_id', erase: null }

/** Keeps the listing in step with the host's directory (see 004-listing). */
export interface ListingKeeper {
  refresh(userIds: readonly string[]): Promise<Relisting[]>
  refreshAfter(after: string | null, limit: number): Promise<ListingPass>
  recount(): Promise<number>
}

const listSql = ({ table, id, idType }: HostUsers): string => `
  with given as (
    select * from json_to_recordset($1::json) as t(
      "userId" ${idType}, city text, services text[], rating float8, price float8, "nameKey" text, fields text, digest text)
  ), held as (
    select p.user_id, p.city, p.services, p.listed_rank from porchlight_presence p
    where p.user_id in (select "userId" from given) order by p.user_id for update
  ), listed as (
    insert into porchlight_presence as p (${FIRST_ROW_COLUMNS}, visible, city, services, rating, price)
    select ${firstRow(id, 'true', '0')}, u.show_online_status, given.city, given.services, given.rating, given.price
    from given join ${table} u on u.${id} = given."userId" left join held on held.user_id = given."userId"
    order by u.${id}
    on conflict (user_id) do update set
      city = excluded.city, services = excluded.services, rating = excluded.rating, price = excluded.price
    returning p.user_id, p.city, p.services, p.listed_rank, p.public_version
  ), copied as (
    insert into porchlight_directory as d (user_id, name_key, fields, digest)
    select given."userId", given."nameKey", given.fields, given.digest
    from given join listed on listed.user_id = given."userId" order by given."userId"
    on conflict (user_id) do update set name_key = excluded.name_key, fields = excluded.fields, digest = excluded.digest
  ), moved as (
    select held.city as city_before, listed.city, held.services as services_before, listed.services,
      held.listed_rank as rank_before, listed.listed_rank, listed.public_version as version
    from listed left join held on held.user_id = listed.user_id
    where (held.city, held.services) is distinct from (listed.city, listed.services)
  ), ${countMoved({ city: ['city_before', 'city'], services: ['services_before', 'services'], rank: ['rank_before', 'listed_rank'] })}
  select listed.user_id::text as id, held.city as city_before, held.services as services_before, listed.city, listed.services
  from listed left join held on held.user_id = listed.user_id`

const unlistSql = ({ idType }: HostUsers): string => `
  with held as (
    select user_id, city, services, listed_rank, public_version from porchlight_presence
    where user_id = any($1::${idType}[]) and city is not null order by user_id for update
  ), unlisted as (
    update porchlight_presence p set city = null, services = '{}', rating = null, price = null
    from held where p.user_id = held.user_id
  ), forgotten as (
    delete from porchlight_directory where user_id = any($1::${idType}[])
  ), moved as (
    select city as city_before, null::text as city, services as services_before, services, listed_rank as rank_before,
      listed_rank, public_version as version
    from held
  ), ${countMoved({ city: ['city_before', 'city'], services: ['services_before', 'services'], rank: ['rank_before', 'listed_rank'] })}
  select user_id::text as id, city as city_before, services as services_before, null::text as city, services from held`

/** What a change replaced, and what by. Null cities: in no search; '' is no city. */
interface RelistedRow {
  readonly id: string
  readonly city_before: string | null
  readonly services_before: readonly string[] | null
  readonly city: string | null
  readonly services: readonly string[]
}

const placeOf = (city: string | null, services: readonly string[] | null): Place | null =>
  city === null ? null : { cityId: city || null, serviceIds: services ?? [] }

const relistingOf = ({ id, city_before, services_before, city, services }: RelistedRow): Relisting => ({
  userId: id,
  before: placeOf(city_before, services_before),
  after: placeOf(city, services),
})

/** Most copies that are compared at once: more than a part of the directory ever has. */
const MAX_HELD = 10_000

/** Brings our copy up to what the host's directory says, where they differ. */
export function listingKeeper(
  database: Database,
  users: HostUsers,
  userId: UserIdCodec,
  directory: DirectorySql,
): ListingKeeper {
  const { idType } = users
  const read = directoryReader(database, userId, directory)
  const sql = { list: listSql(users), unlist: unlistSql(users) }

  /** Brings what differs up to date. @returns whose listing changed */
  async function bring(entries: readonly DirectoryEntry[], held: ReadonlyMap<string, string>): Promise<Relisting[]> {
    const there = new Set(entries.map((entry) => entry.userId))
    const differing = entries.filter((entry) => held.get(entry.userId) !== entry.digest)
    const gone = [...held.keys()].filter((id) => !there.has(id))
    const run = (statement: string, value: unknown) =>
      despiteDeletions(() => database.rows<RelistedRow>(statement, [value]))
    const listed = differing.length === 0 ? [] : await run(sql.list, JSON.stringify(differing))
    const unlisted = gone.length === 0 ? [] : await run(sql.unlist, gone)
    return [...listed, ...unlisted].map(relistingOf)
  }

  /** What is listed of those that the condition names, in order of their ids. */
  async function heldDigests(condition: string, binds: readonly unknown[]): Promise<Map<string, string>> {
    const rows = await database.rows<{ id: string; digest: string }>(
      `select d.user_id::text as id, d.digest
      from porchlight_directory d join porchlight_presence p on p.user_id = d.user_id and p.city is not null
      where ${condition} order by d.user_id limit ${MAX_HELD}`,
      binds,
    )
    return new Map(rows.map(({ id, digest }) => [id, digest]))
  }

  return {
    async refresh(userIds) {
      const entries = await read({ userIds })
      return bring(entries, await heldDigests(`d.user_id = any($1::${idType}[])`, [userIds]))
    },
    async refreshAfter(after, limit) {
      const entries = await read({ after, limit })
      const end = entries.length < limit ? null : (entries.at(-1)?.userId ?? null)
      const within = `($1::${idType} is null or d.user_id > $1) and ($2::${idType} is null or d.user_id <= $2)`
      const held = await heldDigests(within, [after, end])
      // Many who are not in the directory any more are taken away in parts, too.
      const last = held.size === MAX_HELD ? ([...held.keys()].at(-1) ?? null) : end
      return { last, compared: entries.length, changed: await bring(entries, held) }
    },
    async recount() {
      const [answer] = await database.rows<{ corrected: number }>(RECOUNT)
      return answer?.corrected ?? 0
    },
  }
}
