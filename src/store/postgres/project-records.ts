import { OPEN_ACCESS } from '../../domain/access.ts'
import { publicActivity, type UserRecord } from '../../domain/user-record.ts'
import { accessSaver } from './access.ts'
import { isVisibleToAll, storedAudiences, storedContactView, SWITCH_SQL } from './audience-columns.ts'
import { type Database, despiteDeletions } from './database.ts'
import { countMoved } from './counts.ts'
import type { HostUsers } from './host-users.ts'
import { fromMs } from './moments.ts'
import type { PersonalTable } from './personal-tables.ts'

/** Of whoever was erased the row stays, with nothing in it but versions: an observation of before must not bring anything back. */
export const PRESENCE_TABLE: PersonalTable = {
  table: 'porchlight_presence',
  owner: 'user_id',
  erase: ({ idType }) => `
    update porchlight_presence set erased_at = greatest(erased_at, ${fromMs('$2')})
    where user_id = $1::${idType} returning 1`,
}

type ColumnType = 'bigint' | 'text' | 'boolean' | 'moment' | 'jsonb'

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

const asJson = (value: object | null): string | null => value && JSON.stringify(value)

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
  column('visibility', 'visible', 'boolean', ({ visibility }) => isVisibleToAll(visibility)),
  column('visibility', 'visible_since', 'moment', ({ visibility }) => visibility.since),
  column('visibility', 'visibility_version', 'bigint', ({ visibility }) => visibility.version),
  column('visibility', 'audiences', 'jsonb', ({ visibility }) => asJson(storedAudiences(visibility))),
  column('public', 'contact_view', 'jsonb', (record) => asJson(storedContactView(record))),
  column('public', 'kept_last_seen', 'moment', ({ shown }) => shown.lastSeenAt),
  column('public', 'kept_activity', 'moment', ({ shown }) => shown.lastActivityAt),
  column('public', 'public_status', 'text', ({ stranger }) => stranger.status),
  column('public', 'public_last_seen', 'moment', ({ stranger }) => stranger.lastSeenAt),
  column('public', 'public_message', 'text', ({ stranger }) => stranger.message),
  column('public', 'public_activity', 'moment', publicActivity),
  column('public', 'public_version', 'bigint', ({ stranger }) => stranger.version),
]

const NAMES = COLUMNS.map(({ name }) => name).join(', ')

/**
 * When a column takes the stored value rather than the record's: the record may have been observed before a decision
 * that is stored already. A stored decision that narrows keeps everything public as it left it (R32).
 */
const KEEPS: Record<Part, string | null> = {
  record: null,
  choice: 'p.choice_version > excluded.choice_version',
  visibility: 'p.visibility_version > excluded.visibility_version',
  public: 'p.visibility_version > excluded.visibility_version and not p.visible',
}

/**
 * Moments that were filled in for somebody of whom presence knew nothing. A record that was read before that does not know them: as long as
 * the row is one that presence has not written, they only move forward (R13).
 */
const FILLED_IN = new Set(['last_seen', 'last_activity', 'own_last_seen', 'kept_last_seen', 'kept_activity'])

function assignment({ name, part }: RecordColumn): string {
  const keeps = KEEPS[part]
  const cases = [
    ...(FILLED_IN.has(name) ? [`when p.version = 0 then greatest(p.${name}, excluded.${name})`] : []),
    ...(keeps === null ? [] : [`when ${keeps} then p.${name}`]),
  ]
  return `${name} = ${cases.length === 0 ? `excluded.${name}` : `case ${cases.join(' ')} else excluded.${name} end`}`
}

/** As what a value travels that needs to be made of something else. */
const ARRAY_TYPES: Readonly<Partial<Record<ColumnType, string>>> = { moment: 'float8', jsonb: 'text' }

function valueOf(name: string, type: ColumnType): string {
  if (type === 'moment') return fromMs(`i.${name}`)
  return type === 'jsonb' ? `i.${name}::jsonb` : `i.${name}`
}

/** The records as they came, with the types of their columns. Two nodes that project the same users lock them in the same order. */
const recordsSql = ({ idType }: HostUsers, existing = ''): string => {
  const arrays = COLUMNS.map(({ type }, i) => `$${i + 2}::${ARRAY_TYPES[type] ?? type}[]`)
  const values = COLUMNS.map(({ name, type }) => `${valueOf(name, type)} as ${name}`)
  return `
      select i.user_id, ${values.join(', ')}, i.visibility_version > 0 as decided
      from unnest($1::${idType}[], ${arrays.join(', ')}) as i (user_id, ${NAMES})
      ${existing}
      order by i.user_id`
}

// Equal is not older: a stored decision may have taken the version that this record was then given.
const ASSIGNMENTS = `${COLUMNS.map(assignment).join(', ')},
        rank_before = p.listed_rank, decided = p.visibility_version < excluded.visibility_version`
const IS_NEWER = 'p.version <= excluded.version'

/** Rows that are there, which is nearly all: an insertion that meets one locks it before it writes it, half as much work again. */
const update = (users: HostUsers): string => `
      update porchlight_presence as p set ${ASSIGNMENTS}
      from (${recordsSql(users)}) as excluded
      where p.user_id = excluded.user_id and ${IS_NEWER}`

/** @param existing joins only users who exist, for the rare batch in which somebody was deleted meanwhile */
const insert = (users: HostUsers, existing = ''): string => `
      insert into porchlight_presence as p (user_id, ${NAMES}, decided)
      ${recordsSql(users, existing)}
      on conflict (user_id) do update set ${ASSIGNMENTS}
      where ${IS_NEWER}`

/** Writes with `write`, counts whose place in the lists moved, and tells the host's columns. @returns users who were not written */
const projectSql = ({ table, id, idType, statusType }: HostUsers, write: string): string => `
    with stored as (${write}
      returning p.user_id, p.status, p.choice_message, p.kept_activity, p.decided,
        p.audiences is not null as narrowed, ${SWITCH_SQL} as visible, p.public_status, p.public_activity,
        p.city, p.services, p.rank_before, p.listed_rank, p.public_version
    ), moved as (
      select city, services, rank_before, listed_rank, public_version as version
      from stored where city is not null and listed_rank <> rank_before
    ), ${countMoved({ city: ['city', 'city'], services: ['services', 'services'], rank: ['rank_before', 'listed_rank'] })}, told as (
      -- The host's columns are for strangers; whoever is hidden is masked there by the switch.
      select user_id, (case when narrowed then public_status else status end)::${statusType} as status,
        choice_message as message, narrowed, case when narrowed then public_activity else kept_activity end as activity,
        case when decided then visible end as visible
      from stored
    ), host as (
      update ${table} u set
        online_status = told.status,
        last_activity = case when told.narrowed then told.activity else greatest(u.last_activity, told.activity) end,
        show_online_status = coalesce(told.visible, u.show_online_status),
        custom_status_message = told.message
      from told
      where u.${id} = told.user_id and (
        u.online_status is distinct from told.status
        or (told.narrowed and u.last_activity is distinct from told.activity)
        or told.activity > coalesce(u.last_activity, '-infinity')
        or u.show_online_status is distinct from coalesce(told.visible, u.show_online_status)
        or u.custom_status_message is distinct from told.message
      )
    )
    select user_id::text as id from unnest($1::${idType}[]) as user_id where user_id not in (select user_id from stored)`

/** Writes records into the own table and the host's columns in one statement; never older over newer. */
export function recordProjector(database: Database, users: HostUsers) {
  const updating = projectSql(users, update(users))
  const inserting = projectSql(users, insert(users))
  const careful = projectSql(users, insert(users, `join ${users.table} u on u.${users.id} = i.user_id`))
  const saveAccess = accessSaver(database, users)
  return async (records: readonly UserRecord[]): Promise<void> => {
    const newest = newestOf(records)
    if (newest.length === 0) return
    const left = await database.rows<{ id: string }>(updating, bindsOf(newest))
    if (left.length > 0) {
      // New here, or older than what is stored: an insertion tells which.
      const unwritten = new Set(left.map(({ id }) => id))
      const binds = bindsOf(newest.filter(({ userId }) => unwritten.has(userId)))
      await despiteDeletions(
        () => database.rows(inserting, binds),
        () => database.rows(careful, binds),
      )
    }
    // Hardly anybody: what the host said while PostgreSQL was away, and whoever heard it may be gone (R61).
    await saveAccess(newest.filter(({ access }) => access !== OPEN_ACCESS && access.bar !== 'USER_DELETED'))
  }
}

const bindsOf = (records: readonly UserRecord[]): unknown[] => [
  records.map(({ userId }) => userId),
  ...COLUMNS.map(({ of }) => records.map(of)),
]

// One statement cannot write the same row twice.
function newestOf(records: readonly UserRecord[]): UserRecord[] {
  const newest = new Map<string, UserRecord>()
  for (const record of records) {
    const other = newest.get(record.userId)
    if (!other || other.version < record.version) newest.set(record.userId, record)
  }
  return [...newest.values()]
}
