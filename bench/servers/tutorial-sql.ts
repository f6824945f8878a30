/** An index on each column that is asked for; the one on the city the marketplace has already. */
export const INDEXES_SQL = [
  'create index users_online_status on users (online_status)',
  'create index users_last_activity on users (last_activity)',
  'vacuum analyze users',
]

const OFFERED = `(
  $2::int is null or exists (select 1 from provider_services s where s.user_id = p.user_id and s.service_id = $2::int)
)`

/** $1 city, $2 service or null, $3 status. Cards are made of the page alone, not of everybody who is sorted. */
export const PAGE_SQL = `
  with page as (
    select u.id, u.online_status, u.last_activity
    from users u join providers p on p.user_id = u.id
    where p.city_id = $1::int and u.online_status = $3 and u.show_online_status and ${OFFERED}
    order by u.last_activity desc nulls last limit 20
  )
  select c.*, page.online_status, page.last_activity
  from page join provider_cards c on c.id = page.id order by page.last_activity desc nulls last`

/** $1 city, $2 service or null. */
export const COUNTS_SQL = `
  select u.online_status::text as status, count(*)::int as count
  from users u join providers p on p.user_id = u.id
  where p.city_id = $1::int and u.online_status <> 'offline' and u.show_online_status and ${OFFERED}
  group by u.online_status`
