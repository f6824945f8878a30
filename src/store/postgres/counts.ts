import { AVAILABILITY } from '../../domain/status.ts'

// As many rows a city and service: writers at the same time rarely meet, readers add few. The trigger of 004-listing uses the same.
const SLOTS = 8

/** What is counted, in the order of the columns. */
export const COUNTED = ['online', 'away', 'dnd'] as const

/** Columns of a CTE `moved`: how somebody was listed before and is now. Null cities are not listed, other nulls are nothing. */
export interface MovedColumns {
  readonly city: readonly [before: string, after: string]
  readonly services: readonly [before: string, after: string]
  readonly rank: readonly [before: string, after: string]
}

const side = (sign: 1 | -1, city: string, services: string, rank: string): string => `
      select service, moved.${city} as city, ${COUNTED.map((status) => `${sign} * (coalesce(moved.${rank}, 0) = ${AVAILABILITY[status]})::int`).join(', ')},
        moved.version
      from moved, unnest(moved.${services} || ''::text) as service where moved.${city} is not null`

/**
 * The CTE `counted`, which brings the counts up to what `moved` says, in the statement that makes the change. Counts are sums of such
 * differences, so each has to be counted once: rows of `moved` come from rows that this statement holds locked.
 */
export const countMoved = ({ city, services, rank }: MovedColumns): string => `
  counted as (
    insert into porchlight_counts as c (service, city, slot, online, away, dnd, latest)
    select service, city, pg_backend_pid() % ${SLOTS}, sum(online), sum(away), sum(dnd), max(coalesce(version, 0))
    from (${side(1, city[1], services[1], rank[1])}
      union all ${side(-1, city[0], services[0], rank[0])}
    ) as sides (service, city, online, away, dnd, version)
    -- Everybody takes the rows in the same order.
    group by service, city order by service, city
    on conflict (service, city, slot) do update set
      online = c.online + excluded.online, away = c.away + excluded.away, dnd = c.dnd + excluded.dnd,
      latest = greatest(c.latest, excluded.latest)
  )`

/**
 * Sets counts right that are not what they should be, such as after a backup was restored in parts. One statement sees everybody and
 * all counts at the same moment, and adds the difference: what changes meanwhile is added as well.
 *
 * @returns as `corrected`, how many were wrong
 */
export const RECOUNT = `
  with truth as (
    select service, city, count(*) filter (where listed_rank = 3) as online,
      count(*) filter (where listed_rank = 2) as away, count(*) filter (where listed_rank = 1) as dnd
    from porchlight_presence, unnest(services || ''::text) as service
    where city is not null and listed_rank > 0 group by service, city
  ), held as (
    select service, city, sum(online) as online, sum(away) as away, sum(dnd) as dnd
    from porchlight_counts group by service, city
  ), wrong as (
    select service, city, coalesce(truth.online, 0) - coalesce(held.online, 0) as online,
      coalesce(truth.away, 0) - coalesce(held.away, 0) as away, coalesce(truth.dnd, 0) - coalesce(held.dnd, 0) as dnd
    from truth full join held using (service, city)
  ), corrected as (
    insert into porchlight_counts as c (service, city, slot, online, away, dnd, latest)
    select service, city, 0, online, away, dnd, 0 from wrong where online <> 0 or away <> 0 or dnd <> 0
    order by service, city
    on conflict (service, city, slot) do update set
      online = c.online + excluded.online, away = c.away + excluded.away, dnd = c.dnd + excluded.dnd
    returning 1
  )
  select count(*)::int as corrected from corrected`
