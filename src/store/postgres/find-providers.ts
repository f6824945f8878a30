import { shortName } from '../../domain/short-name.ts'
import { PresenceError } from '../../domain/errors.ts'
import { AVAILABILITY, STATUSES } from '../../domain/status.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import { versionTime } from '../../domain/version.ts'
import type { ProviderPage, ProviderRow, ProviderSearch, ProviderSort } from '../contract.ts'
import type { Database } from './database.ts'
import { type DirectorySql, describeDirectory, type ProviderDirectory } from './directory.ts'
import { fromMs, toMs } from './moments.ts'

// Only the public columns of our row may be named here: whatever else decided order, filters or counts would tell (R31).
const STATUS = `coalesce(p.public_status, 'offline')`
const PRESENT = `${STATUS} <> 'offline'`
const RANK = `case ${STATUS} ${STATUSES.map((status) => `when '${status}' then ${AVAILABILITY[status]}`).join(' ')} end`
// Nobody moves in the list while they are present, however active: cursors and cards stay where they are.
const SEEN = `case when ${PRESENT} then 0 else coalesce(${toMs('p.public_last_seen')}, 0) end`
// Whoever names no price comes after everybody who does; a number that JSON can carry in a cursor.
const NO_PRICE = 1e15

const sortKeys = ({ rating, price }: DirectorySql): Record<ProviderSort, readonly [string, string]> => ({
  availability: [RANK, SEEN],
  last_seen: [`case when ${PRESENT} then 1 else 0 end`, SEEN],
  rating: [`coalesce(d.${rating}::float8, 0)`, RANK],
  price: [`-coalesce(d.${price}::float8, ${NO_PRICE})`, RANK],
})

/** Collects the values of a statement while it is worded. */
function collectBinds() {
  const values: unknown[] = []
  return {
    values,
    add(value: unknown): string {
      values.push(value)
      return `$${values.length}`
    },
  }
}
type Binds = ReturnType<typeof collectBinds>

/** The city and service that were asked for: what counts are of. */
function scopeOf({ cityId, serviceId }: ProviderSearch, directory: DirectorySql, binds: Binds): string {
  const conditions = ['true']
  if (cityId !== null) conditions.push(`d.${directory.city} = ${binds.add(cityId)}::${directory.cityType}`)
  if (serviceId !== null) {
    const { services, serviceType } = directory
    if (services === null) throw new PresenceError('INVALID_QUERY', 'This directory cannot be searched by service.')
    conditions.push(`exists (
      select 1 from ${services.table} s
      where s.${services.provider} = d.${directory.id} and s.${services.service} = ${binds.add(serviceId)}::${serviceType}
    )`)
  }
  return conditions.join(' and ')
}

/** What is asked of their presence; all must hold, bounds are inclusive. */
function filtersOf({ statuses, seenSince, activeSince }: ProviderSearch, binds: Binds): string {
  const conditions = ['true']
  if (statuses !== null) conditions.push(`${STATUS} = any(${binds.add(statuses)}::text[])`)
  if (seenSince !== null) conditions.push(`(${PRESENT} or p.public_last_seen >= ${fromMs(binds.add(seenSince))})`)
  if (activeSince !== null) {
    conditions.push(`(${STATUS} = 'online' or p.public_activity >= ${fromMs(binds.add(activeSince))})`)
  }
  return conditions.join(' and ')
}

function searchSql(search: ProviderSearch, directory: DirectorySql, userId: UserIdCodec, binds: Binds): string {
  const [k1, k2] = sortKeys(directory)[search.sort]
  const hidden = `${binds.add(search.hidden)}::${userId.sqlType}[]`
  const from = `from ${directory.table} d
    left join porchlight_presence p on p.user_id = d.${directory.id} and p.user_id <> all(${hidden})`
  const scope = scopeOf(search, directory, binds)
  const fields = directory.fields.map(({ column }, i) => `d.${column} as f${i}`)
  // One statement, so that rows, counts and the time of the answer belong together. The page is found by the few columns
  // that decide it; what is given out is fetched for its rows alone.
  return `
    with counted as (
      select ${COUNTED.map((status) => `count(*) filter (where ${STATUS} = '${status}')::int as ${status}`).join(', ')},
        max(p.public_version) as latest
      ${from} where ${scope}
    ), page as (
      select * from (
        select d.${directory.id} as id, (${k1})::float8 as k1, (${k2})::float8 as k2, ${toMs('p.public_activity')} as active
        ${from} where ${scope} and ${filtersOf(search, binds)}
      ) candidates
      where ${afterPosition(search, userId, binds)}
      order by k1 desc, k2 desc, id desc limit ${binds.add(search.limit + 1 + search.shown.length)}::int
    )
    select counted.*, page.id::text as id, page.k1, page.k2, page.active${fields.map((field) => `, ${field}`).join('')}
    from counted
    left join (page join ${directory.table} d on d.${directory.id} = page.id) on true
    order by page.k1 desc, page.k2 desc, page.id desc`
}

const COUNTED = ['online', 'away', 'dnd'] as const

function afterPosition({ after }: ProviderSearch, userId: UserIdCodec, binds: Binds): string {
  if (after === null) return 'true'
  const id = userId.parse(after.id)
  if (id === null || !after.keys.every(Number.isFinite)) {
    throw new PresenceError('INVALID_CURSOR', 'This cursor is not one of ours.')
  }
  const [k1, k2] = after.keys.map((key) => `${binds.add(key)}::float8`)
  return `(k1, k2, id) < (${k1}, ${k2}, ${binds.add(id)}::${userId.sqlType})`
}

/** A row of the page beside the counts, which are on every row; without a page one row of counts alone. */
interface FoundRow extends Readonly<Record<string, unknown>> {
  readonly online: number
  readonly away: number
  readonly dnd: number
  readonly latest: string | null
  readonly id: string | null
  readonly k1: number
  readonly k2: number
  readonly active: number | null
}

/** Searches the host's directory together with what strangers may know (R30, R31). */
export function providerFinder(database: Database, userId: UserIdCodec, directory: ProviderDirectory) {
  const names = describeDirectory(directory)
  return async (search: ProviderSearch): Promise<ProviderPage> => {
    const binds = collectBinds()
    const found = await database.rows<FoundRow>(searchSql(search, names, userId, binds), binds.values)
    const shown = new Set(search.shown)
    const rows = found.flatMap((row) => providerRow(row, names)).filter(({ userId: id }) => !shown.has(shortName(id)))
    const { online = 0, away = 0, dnd = 0, latest = null } = found[0] ?? {}
    return {
      rows: rows.slice(0, search.limit),
      more: rows.length > search.limit,
      counts: { online, away, dnd },
      // Version 0 is that of somebody of whom nothing was ever told.
      asOf: latest === null || Number(latest) === 0 ? null : versionTime(Number(latest)),
    }
  }
}

function providerRow(row: FoundRow, { fields }: DirectorySql): ProviderRow[] {
  if (row.id === null) return []
  return [
    {
      userId: row.id,
      fields: Object.fromEntries(fields.map(({ name }, i) => [name, row[`f${i}`]])),
      position: { keys: [row.k1, row.k2], id: row.id },
      shownActivityAt: row.active,
    },
  ]
}
