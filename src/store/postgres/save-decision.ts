import { PresenceError } from '../../domain/errors.ts'
import type { Decision } from '../contract.ts'
import { accessSaver, missingUsersReader } from './access.ts'
import type { Database } from './database.ts'
import { countMoved } from './counts.ts'
import { FIRST_ROW_COLUMNS, firstRow } from './first-row.ts'
import type { HostUsers } from './host-users.ts'
import { fromMs } from './moments.ts'

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

/**
 * The decision replaces an older one, here and in the host's `show_online_status`, or nothing happens. Hiding takes
 * everything public away in the same statement (R32); what is shown after un-hiding comes with the projection.
 */
const visibilitySql = ({ table, id, idType }: HostUsers): string => `
  with stored as (
    insert into porchlight_presence as p (${FIRST_ROW_COLUMNS}, visible, visible_since, visibility_version)
    select ${firstRow(id, '$3::boolean', '$2::bigint')}, $3::boolean, ${fromMs('$4')}, $2::bigint
    from ${table} u where u.${id} = $1::${idType}
    on conflict (user_id) do update set
      version = greatest(p.version, excluded.version),
      rank_before = p.listed_rank, visible = excluded.visible, visible_since = excluded.visible_since,
      visibility_version = excluded.visibility_version,
      public_status = case when excluded.visible then p.public_status else 'offline' end,
      public_last_seen = case when excluded.visible then p.public_last_seen end,
      public_message = case when excluded.visible then p.public_message end,
      public_activity = case when excluded.visible then p.public_activity end,
      public_version = case
        when excluded.visible then p.public_version
        -- The strangers' version moves only when their view does (R31).
        when p.public_status = 'offline' and p.public_last_seen is null and p.public_message is null
          then p.public_version
        else greatest(p.public_version + 1, excluded.visibility_version) end
    where p.visibility_version < excluded.visibility_version
    returning p.user_id, p.visible, p.city, p.services, p.rank_before, p.listed_rank, p.public_version
  ), moved as (
    select city, services, rank_before, listed_rank, public_version as version
    from stored where listed_rank <> rank_before
  ), ${countMoved({ city: ['city', 'city'], services: ['services', 'services'], rank: ['rank_before', 'listed_rank'] })}, told as (
    update ${table} u set show_online_status = stored.visible from stored
    where u.${id} = stored.user_id and u.show_online_status is distinct from stored.visible
  )
  select exists (select 1 from ${table} u where u.${id} = $1::${idType}) as found`

/** Stores what a user decided, guarded by its version; never touches what another decision guards (R20). */
export function decisionSaver(database: Database, users: HostUsers) {
  const sql = { choice: choiceSql(users), visibility: visibilitySql(users) }
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
  if (decision.kind === 'visibility') return [decision.userId, decision.version, decision.visible, decision.since]
  const { userId, choice } = decision
  return [userId, choice.version, choice.status, choice.message, choice.expiresAt]
}
