import type { UserRecord } from '../../domain/user-record.ts'
import { type Database, despiteDeletions } from './database.ts'
import { countMoved } from './counts.ts'
import type { HostUsers } from './host-users.ts'
import { fromMs } from './moments.ts'

type ColumnType = 'bigint' | 'text' | 'boolean' | 'moment'

/** Which part of a row a column belongs to: each part has a guard of its own. */
type Part = 'record' | 'choice' | 'visibility' | 'public'

interface RecordColumn {
  readonly name: string
  readonly type: ColumnType
  readonly part: Part
  readonly of: (record: UserRecord) => string | number | boolean | null
}

const column = (part: Part, name: string, type: ColumnType, of: RecordColumn['of']): RecordColumn => ({
  name,
  type,
  part,
  of,
})

const COLUMNS: readonly RecordColumn[] = [
  column('record', 'version', 'bigint', (record) => record.version),
  column('record', 'status', 'text', ({ own }) => own.status),
  column('record', 'last_seen', 'moment', (record) => record.lastSeenAt),
  column('record', 'last_activity', 'moment', (record) => record.lastActivityAt),
  column('record', 'own_last_seen', 'moment', ({ own }) => own.lastSeenAt),
  column('record', 'own_message', 'text', ({ own }) => own.message),
  column('record', 'own_version', 'bigint', ({ own }) => own.version),
  column('choice', 'choice_status', 'text', ({ choice }) => choice.status),
  column('choice', 'choice_message', 'text', ({ choice }) => choice.message),
  column('choice', 'choice_expires_at', 'moment', ({ choice }) => choice.expiresAt),
  column('choice', 'choice_version', 'bigint', ({ choice }) => choice.version),
  column('visibility', 'visible', 'boolean', ({ visibility }) => visibility.visible),
  column('visibility', 'visible_since', 'moment', ({ visibility }) => visibility.since),
  column('visibility', 'visibility_version', 'bigint', ({ visibility }) => visibility.version),
  column('public', 'kept_last_seen', 'moment', ({ shown }) => shown.lastSeenAt),
  column('public', 'kept_activity', 'moment', ({ shown }) => shown.lastActivityAt),
  column('public', 'public_status', 'text', ({ stranger }) => stranger.status),
  column('public', 'public_last_seen', 'moment', ({ stranger }) => stranger.lastSeenAt),
  column('public', 'public_message', 'text', ({ stranger }) => stranger.message),
  column('public', 'public_activity', 'moment', ({ visibility, shown }) =>
    visibility.visible ? shown.lastActivityAt : null,
  ),
  column('public', 'public_version', 'bigint', ({ stranger }) => stranger.version),
]

/**
 * When a column takes the stored value rather than the record's: the record may have been observed before a decision
 * that is stored already. A stored hiding keeps everything public as that decision left it (R32).
 */
const KEEPS: Record<Part, string | null> = {
  record: null,
  choice: 'p.choice_version > excluded.choice_version',
  visibility: 'p.visibility_version > excluded.visibility_version',
  public: 'p.visibility_version > excluded.visibility_version and not p.visible',
}

function assignment({ name, part }: RecordColumn): string {
  const keeps = KEEPS[part]
  return keeps === null
    ? `${name} = excluded.${name}`
    : `${name} = case when ${keeps} then p.${name} else excluded.${name} end`
}

const projectSql = ({ table, id, idType, statusType }: HostUsers): string => {
  const names = COLUMNS.map(({ name }) => name).join(', ')
  const arrays = COLUMNS.map(({ type }, i) => `$${i + 2}::${type === 'moment' ? 'float8' : type}[]`)
  const values = COLUMNS.map(({ name, type }) =>
    type === 'moment' ? `${fromMs(`i.${name}`)} as ${name}` : `i.${name}`,
  )
  return `
    with held as (
      -- Two nodes that project the same users lock them in the same order. What is held does not change under the statement.
      select user_id, visibility_version, listed_rank from porchlight_presence
      where user_id = any($1::${idType}[]) order by user_id for update
    ), observed as (
      select i.user_id, ${values.join(', ')},
        coalesce(held.visibility_version, 0) < i.visibility_version as decides_visibility,
        coalesce(held.listed_rank, 0) as rank_before
      from unnest($1::${idType}[], ${arrays.join(', ')}) as i (user_id, ${names})
      -- Whoever was deleted meanwhile must not fail the batch.
      join ${table} u on u.${id} = i.user_id
      left join held on held.user_id = i.user_id
    ), stored as (
      insert into porchlight_presence as p (user_id, ${names})
      select user_id, ${names} from observed order by user_id
      on conflict (user_id) do update set ${COLUMNS.map(assignment).join(', ')}
      -- Equal is not older: a stored decision may have taken the version that this record was then given.
      where p.version <= excluded.version
      returning p.user_id, p.status, p.choice_message, p.kept_activity, p.visible,
        p.city, p.services, p.listed_rank, p.public_version
    ), moved as (
      select stored.city, stored.services, observed.rank_before, stored.listed_rank, stored.public_version as version
      from stored join observed on observed.user_id = stored.user_id
      where stored.city is not null and stored.listed_rank <> observed.rank_before
    ), ${countMoved({ city: ['city', 'city'], services: ['services', 'services'], rank: ['rank_before', 'listed_rank'] })}, told as (
      select stored.user_id, stored.status::${statusType} as status, stored.choice_message as message,
        stored.kept_activity as activity, case when observed.decides_visibility then stored.visible end as visible
      from stored join observed on observed.user_id = stored.user_id
    )
    update ${table} u set
      online_status = told.status,
      last_activity = greatest(u.last_activity, told.activity),
      show_online_status = coalesce(told.visible, u.show_online_status),
      custom_status_message = told.message
    from told
    where u.${id} = told.user_id and (
      u.online_status is distinct from told.status
      or told.activity > coalesce(u.last_activity, '-infinity')
      or u.show_online_status is distinct from coalesce(told.visible, u.show_online_status)
      or u.custom_status_message is distinct from told.message
    )`
}

/** Writes records into the own table and the host's columns in one statement; never older over newer. */
export function recordProjector(database: Database, users: HostUsers) {
  const sql = projectSql(users)
  return async (records: readonly UserRecord[]): Promise<void> => {
    const newest = newestOf(records)
    if (newest.length === 0) return
    const binds = [newest.map(({ userId }) => userId), ...COLUMNS.map(({ of }) => newest.map(of))]
    await despiteDeletions(() => database.rows(sql, binds))
  }
}

// One statement cannot write the same row twice.
function newestOf(records: readonly UserRecord[]): UserRecord[] {
  const newest = new Map<string, UserRecord>()
  for (const record of records) {
    const other = newest.get(record.userId)
    if (!other || other.version < record.version) newest.set(record.userId, record)
  }
  return [...newest.values()]
}
