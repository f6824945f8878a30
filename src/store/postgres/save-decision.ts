import { PresenceError } from '../../domain/errors.ts'
import { allowanceOf } from '../../domain/visibility.ts'
import type { Decision } from '../contract.ts'
import { accessSaver, missingUsersReader } from './access.ts'
import { BLOCK_FLOOR_SQL, coarseSql, isVisibleToAll, storedAudiences } from './audience-columns.ts'
import type { Database } from './database.ts'
import { countMoved } from './counts.ts'
import { FIRST_ROW_COLUMNS, firstRow } from './first-row.ts'
import type { HostUsers } from './host-users.ts'
import { fromMs, toMs } from './moments.ts'
import type { PersonalTable } from './personal-tables.ts'

/** The choice replaces an older one, here and in the host's `custom_status_message`, or nothing happens. */
const choiceSql = ({ table, id, idType }: HostUsers): string => `
  with stored as (
    insert into porchlight_presence as p (
      ${FIRST_ROW_COLUMNS}, visible, choice_status, choice_message, choice_expires_at, choice_version
    )
    select ${firstRow(id, 'true', '$2::bigint')}, u.show_online_status, $3::text, $4::text, ${fromMs('$5')}, $2::bigint
    from ${table} u where u.${id} = $1::${idType}
    on conflict (user_id) do update set
      version = greatest(p.version, excluded.version),
      choice_status = excluded.choice_status, choice_message = excluded.choice_message,
      choice_expires_at = excluded.choice_expires_at, choice_version = excluded.choice_version
    where p.choice_version < excluded.choice_version
    returning p.user_id, p.choice_message
  ), told as (
    update ${table} u set custom_status_message = stored.choice_message from stored
    where u.${id} = stored.user_id and u.custom_status_message is distinct from stored.choice_message
  )
  select exists (select 1 from ${table} u where u.${id} = $1::${idType}) as found`

/** What strangers are told of a moment from now on; $8: coarse. */
const asTold = (moment: string): string => `case when $8::boolean then ${coarseSql(moment)} else ${moment} end`

const STATUS_LEFT = `case when $6::boolean then p.public_status else 'offline' end`
const MESSAGE_LEFT = `case when $6::boolean then p.public_message end`
const SEEN_LEFT = `case when $7::boolean then ${asTold('p.public_last_seen')} end`

/**
 * The decision replaces an older one, here and in the host's `show_online_status`, or nothing happens. What it narrows is taken away
 * in the same statement (R32); what others may know beyond that comes with the projection. $6, $7, $8: whether strangers may know the
 * status, may know last seen, and only its bucket; $9: the switch.
 */
const visibilitySql = ({ table, id, idType, statusType }: HostUsers): string => `
  with stored as (
    insert into porchlight_presence as p (${FIRST_ROW_COLUMNS}, visible, visible_since, visibility_version, audiences)
    select ${firstRow(id, '$7::boolean', '$2::bigint', asTold)}, $3::boolean, ${fromMs('$4')}, $2::bigint, $5::jsonb
    from ${table} u where u.${id} = $1::${idType}
    on conflict (user_id) do update set
      version = greatest(p.version, excluded.version),
      rank_before = p.listed_rank, visible = excluded.visible, visible_since = excluded.visible_since,
      visibility_version = excluded.visibility_version, audiences = excluded.audiences,
      -- Contacts go on seeing what all saw, less what is not for them any more either.
      contact_view = coalesce(p.contact_view, case when excluded.audiences is not null then jsonb_build_object(
        'status', p.public_status, 'last_seen', ${toMs('p.public_last_seen')}, 'message', p.public_message,
        'version', p.public_version, 'kept', ${toMs('p.kept_last_seen')}) end),
      public_status = ${STATUS_LEFT}, public_message = ${MESSAGE_LEFT}, public_last_seen = ${SEEN_LEFT},
      public_activity = case when $7::boolean then ${asTold('p.public_activity')} end,
      public_version = case
        -- The strangers' version moves only when their view does (R31).
        when (p.public_status, p.public_message, p.public_last_seen) is not distinct from (${STATUS_LEFT}, ${MESSAGE_LEFT}, ${SEEN_LEFT})
          then p.public_version
        else greatest(p.public_version + 1, excluded.visibility_version) end
    where p.visibility_version < excluded.visibility_version
    returning p.user_id, p.audiences is not null as narrowed, p.public_status, p.public_activity,
      p.city, p.services, p.rank_before, p.listed_rank, p.public_version
  ), moved as (
    select city, services, rank_before, listed_rank, public_version as version
    from stored where listed_rank <> rank_before
  ), ${countMoved({ city: ['city', 'city'], services: ['services', 'services'], rank: ['rank_before', 'listed_rank'] })}, told as (
    update ${table} u set
      show_online_status = $9::boolean,
      online_status = case when stored.narrowed then stored.public_status::${statusType} else u.online_status end,
      last_activity = case when stored.narrowed then stored.public_activity else u.last_activity end
    from stored
    where u.${id} = stored.user_id and (u.show_online_status is distinct from $9::boolean or stored.narrowed)
  )
  select exists (select 1 from ${table} u where u.${id} = $1::${idType}) as found`

/** Whom somebody blocks is theirs to see and to have erased; who is blocked does not get to know. */
export const BLOCKS_TABLE: PersonalTable = {
  table: 'porchlight_blocks',
  owner: 'user_id',
  others: ['viewer_id'],
  erase: ({ idType }) => `
    delete from porchlight_blocks where user_id = $1::${idType} and version <= $2::float8 * 1000 returning 1`,
}

/** Microseconds for which it is remembered that somebody is not blocked any more: no decision comes later than that. */
const PAST_KEPT_US = 86_400_000_000

/** The decision replaces an older one about the same two, or nothing happens. */
const blockSql = ({ table, id, idType }: HostUsers): string => `
  with stored as (
    insert into porchlight_blocks as b (user_id, viewer_id, version, blocked, floor, floor_of)
    select u.${id}, v.${id}, $3::bigint, $4::boolean, $5::bigint, $3::bigint
    from ${table} u join ${table} v on v.${id} = $2::${idType}
      left join porchlight_presence p on p.user_id = u.${id}
    -- Decided before everything was erased, it is not to come back.
    where u.${id} = $1::${idType} and (p.erased_at is null or p.erased_at < ${fromMs('$3::bigint / 1000.0')})
    on conflict (user_id, viewer_id) do update set version = excluded.version, blocked = excluded.blocked,
      floor = excluded.floor, floor_of = excluded.floor_of
    where (b.version, ${BLOCK_FLOOR_SQL}) < (excluded.version, excluded.floor)
  ), forgotten as (
    delete from porchlight_blocks where user_id = $1::${idType} and viewer_id <> $2::${idType}
      and not blocked and version < $3::bigint - ${PAST_KEPT_US}
  )
  select count(*) = 2 as found from ${table} u where u.${id} in ($1::${idType}, $2::${idType})`

/** Stores what a user decided, guarded by its version; never touches what another decision guards (R20). */
export function decisionSaver(database: Database, users: HostUsers) {
  const sql = { choice: choiceSql(users), visibility: visibilitySql(users), block: blockSql(users) }
  const saveAccess = accessSaver(database, users)
  const missing = missingUsersReader(database, users)
  return async (decision: Decision): Promise<void> => {
    if (decision.kind === 'access') {
      await saveAccess([decision])
      if ((await missing([decision.userId])).length > 0) throw userNotFound()
      return
    }
    const [answer] = await database.rows<{ found: boolean }>(sql[decision.kind], bindsOf(decision))
    if (!answer?.found) throw userNotFound()
  }
}

const userNotFound = (): PresenceError => new PresenceError('USER_NOT_FOUND', 'There is no such user.')

function bindsOf(decision: Exclude<Decision, { kind: 'access' }>): unknown[] {
  if (decision.kind === 'choice') {
    const { userId, choice } = decision
    return [userId, choice.version, choice.status, choice.message, choice.expiresAt]
  }
  if (decision.kind === 'block') {
    const { userId, viewerId, version, blocked, floor } = decision
    return [userId, viewerId, version, blocked, floor]
  }
  const { userId, visibility } = decision
  const { version, since, visible } = visibility
  const audiences = storedAudiences(visibility)
  const access = allowanceOf(visibility, 'stranger')
  return [
    userId,
    version,
    isVisibleToAll(visibility),
    since,
    audiences && JSON.stringify(audiences),
    access.status,
    access.lastSeen,
    access.coarse,
    visible,
  ]
}
