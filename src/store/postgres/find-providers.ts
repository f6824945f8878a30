import { shortName } from '../../domain/short-name.ts'
import { AVAILABILITY } from '../../domain/status.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import { versionTime } from '../../domain/version.ts'
import type { ProviderPage, ProviderRow, ProviderSearch } from '../contract.ts'
import { COUNTED } from './counts.ts'
import type { Database } from './database.ts'
import { type Binds, collectBinds, pageSql } from './search-sql.ts'

/** Rows of the page beside the counts, which are on every row; without a page one row of counts alone. bigint arrives as text. */
interface FoundRow {
  readonly online: number
  readonly away: number
  readonly dnd: number
  readonly latest: string | null
  readonly id: string | null
  readonly k1: number
  readonly k2: number
  readonly active: number | null
  readonly version: string
  readonly fields: string | null
}

/** Searches the listing: what strangers may know of providers, beside what the host's directory says of them (R30, R31). */
export function providerFinder(database: Database, userId: UserIdCodec) {
  return async (search: ProviderSearch): Promise<ProviderPage> => {
    const binds = collectBinds()
    const found = await database.rows<FoundRow>(searchSql(search, userId, binds), binds.values)
    const shown = new Set(search.shown)
    const rows = found.flatMap((row) => providerRow(row)).filter((row) => !shown.has(shortName(row.userId)))
    const { online = 0, away = 0, dnd = 0 } = found[0] ?? {}
    return {
      rows: rows.slice(0, search.limit),
      more: rows.length > search.limit,
      counts: { online, away, dnd },
      asOf: asOf(found),
    }
  }
}

// One statement, so that rows, counts and the time of the answer belong together.
const searchSql = (search: ProviderSearch, userId: UserIdCodec, binds: Binds): string => `
  with counted as (${countSql(search, userId, binds)}), page as (${pageSql(search, userId, binds)})
  select counted.*, page.id::text as id, page.k1, page.k2, page.active, page.version, d.fields
  from counted left join (page join porchlight_directory d on d.user_id = page.id) on true
  order by page.k1 desc, page.k2 desc, page.id desc`

/** How many of the city and service are present: sums that every change of a status moves, so nobody has to be counted now. */
function countSql({ cityId, serviceId, hidden }: ProviderSearch, { sqlType }: UserIdCodec, binds: Binds): string {
  const service = `${binds.add(serviceId ?? '')}::text`
  const city = cityId === null ? null : `${binds.add(cityId)}::text`
  const minus = (status: (typeof COUNTED)[number]): string =>
    hidden.length === 0 ? '' : ` - (select count(*) from masked where listed_rank = ${AVAILABILITY[status]})`
  const masked = `masked as (
    select listed_rank from porchlight_presence where user_id = any(${hidden.length === 0 ? 'null' : binds.add(hidden)}::${sqlType}[])
      and ${city === null ? 'city is not null' : `city = ${city}`} and ${serviceId === null ? 'true' : `services @> array[${service}]`}
  )`
  const sums = COUNTED.map((status) => `(coalesce(sum(${status}), 0)${minus(status)})::int as ${status}`)
  return `
    ${hidden.length === 0 ? '' : `with ${masked}`}
    select ${sums.join(', ')}, max(latest) as latest
    from porchlight_counts where service = ${service} ${city === null ? '' : `and city = ${city}`}`
}

function providerRow({ id, k1, k2, active, fields }: FoundRow): ProviderRow[] {
  if (id === null) return []
  // Written by `read-directory.ts`.
  const given = JSON.parse(fields ?? '{}') as Readonly<Record<string, unknown>>
  return [{ userId: id, fields: given, position: { keys: [k1, k2], id }, shownActivityAt: active }]
}

/** Version 0 is that of somebody of whom nothing was ever told. */
function asOf(found: readonly FoundRow[]): number | null {
  const versions = found.flatMap(({ latest, id, version }) => [latest, id === null ? null : version])
  const newest = Math.max(0, ...versions.map(Number))
  return newest === 0 ? null : versionTime(newest)
}
