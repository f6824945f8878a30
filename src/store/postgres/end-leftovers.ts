import { coarseSql, SWITCH_SQL } from './audience-columns.ts'
import type { Database } from './database.ts'
import { countMoved } from './counts.ts'
import type { HostUsers } from './host-users.ts'
import { fromMs, toMs } from './moments.ts'

/** Whether others may know anything, of a row `p` of a user `u`. */
const shows = `(${SWITCH_SQL}) and u.show_online_status
  and not exists (select 1 from porchlight_access a where a.user_id = p.user_id and a.bar is not null)`

/** What others are told of a moment, in a row that says whether they are told it coarsely. */
const told = (moment: string): string => `case when coarse then ${coarseSql(moment)} else ${moment} end`

/**
 * Evidence of a session that was active when its process went: its last ping, or the last moment a process wrote down
 * that it was alive. Evidence of a user: that of their sessions; if all of them ended in time and only the projection is
 * late, the last end.
 */
const endSql = ({ table, id }: HostUsers): string => `
  with alive as (
    -- Without a row there is no evidence; a clock that stepped back must not date an end into the future.
    select case when max(last_alive_at) is not null then least(max(last_alive_at), ${fromMs('$1')}) end as at
    from porchlight_nodes
  ), evidence as (
    select s.user_id,
      case when bool_or(s.is_active) then greatest(max(s.last_ping), (select at from alive)) else max(s.last_ping) end as at
    from user_sessions s
    where s.user_id in (select user_id from porchlight_presence where status <> 'offline')
    group by s.user_id
  ), ended as (
    update user_sessions set is_active = false, last_ping = greatest(last_ping, (select at from alive))
    where is_active returning id
  ), left_present as (
    select p.user_id,
      greatest(p.version + 1, p.public_version + 1, (p.contact_view->>'version')::bigint + 1, $2::bigint) as version,
      ${shows} and coalesce(p.audiences->>'last_seen', 'everyone') = 'everyone' as visible,
      ${shows} and coalesce(p.audiences->>'last_seen', 'everyone') <> 'nobody' as to_contacts,
      coalesce((p.audiences->>'coarse')::boolean, false) as coarse,
      greatest(p.last_seen, p.own_last_seen, coalesce(evidence.at, (select at from alive))) as seen
    from porchlight_presence p join ${table} u on u.${id} = p.user_id
    left join evidence on evidence.user_id = p.user_id
    where p.status <> 'offline'
  ), shown as (
    -- What may be told of the last evidence, and whether it is of a time when it might be.
    select l.user_id, l.version, l.visible, l.to_contacts, l.coarse, l.seen,
      case when l.visible and l.seen >= coalesce(p.visible_since, '-infinity') then ${told('l.seen')} end as shown_seen,
      case when l.to_contacts and l.seen >= coalesce(${fromMs(`(p.audiences->>'contact_since')`)}, '-infinity')
        then ${told('l.seen')} end as contact_seen
    from left_present l join porchlight_presence p on p.user_id = l.user_id
  ), kept as (
    select s.*, greatest(p.kept_last_seen, s.shown_seen) as stranger_kept,
      greatest(${fromMs(`(p.contact_view->>'kept')`)}, s.contact_seen) as contact_kept
    from shown s join porchlight_presence p on p.user_id = s.user_id
  ), ended_views as (
    select k.*, case when visible then ${told('stranger_kept')} end as stranger_seen,
      case when to_contacts then ${told('contact_kept')} end as contact_told
    from kept k
  ), gone as (
    update porchlight_presence p set
      rank_before = p.listed_rank, version = shown.version, status = 'offline', last_seen = shown.seen,
      own_last_seen = shown.seen, own_message = null, own_version = shown.version,
      kept_last_seen = shown.stranger_kept, public_status = 'offline', public_last_seen = shown.stranger_seen,
      public_message = null, public_activity = case when shown.visible then p.public_activity end,
      -- Who may know nothing of it learns nothing, not even that a version moved (R31).
      public_version = case
        when p.public_status = 'offline' and p.public_last_seen is not distinct from shown.stranger_seen then p.public_version
        else shown.version end,
      contact_view = case when p.contact_view is not null then jsonb_build_object(
        'status', 'offline', 'last_seen', ${toMs('shown.contact_told')}, 'message', null,
        'kept', ${toMs('shown.contact_kept')},
        'version', case
          when p.contact_view->>'status' = 'offline'
            and ${fromMs(`(p.contact_view->>'last_seen')`)} is not distinct from shown.contact_told
            then (p.contact_view->>'version')::bigint
          else shown.version end) end
    from ended_views shown where p.user_id = shown.user_id
    returning p.city, p.services, p.rank_before, p.listed_rank, p.public_version as version
  ), moved as (
    select * from gone where rank_before <> listed_rank
  ), ${countMoved({ city: ['city', 'city'], services: ['services', 'services'], rank: ['rank_before', 'listed_rank'] })}, told as (
    update ${table} u set online_status = 'offline' from left_present
    where u.${id} = left_present.user_id and u.online_status <> 'offline'
  ), forgotten as (
    -- Each start names itself anew, so rows would pile up; the newest one stays, as evidence.
    delete from porchlight_nodes where last_alive_at < (select at from alive) - interval '1 day'
  )
  select count(*)::int as ended from ended`

/**
 * Ends what an earlier run left behind (R8). Runs before this process first writes down that it is alive, which would
 * be taken for evidence.
 *
 * @returns how many sessions it ended
 */
export function leftoversEnder(database: Database, users: HostUsers) {
  const sql = endSql(users)
  return async (now: number): Promise<number> => {
    const [answer] = await database.rows<{ ended: number }>(sql, [now, Math.floor(now * 1000)])
    return answer?.ended ?? 0
  }
}
