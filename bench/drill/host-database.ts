import { QueryTypes, type Sequelize } from 'sequelize'
import { md5Id } from '../people.ts'

/** Ids of the host's users from the n-th on; the first is 1. */
export const idsFrom = (first: number, count: number): string[] =>
  Array.from({ length: count }, (_, n) => md5Id(String(first + n)))

/** The first of them are staff. */
export const STAFF = 8
const PART = 50_000

/** A database of a host that never heard of presence. */
export async function createHost(sequelize: Sequelize, users: number): Promise<void> {
  await sequelize.query(`
    create table users (
      id uuid primary key, name text not null, email text not null, role text not null, last_login_at timestamptz,
      renames integer not null default 0
    )`)
  await inParts(users, (bind) =>
    sequelize.query(
      `insert into users (id, name, email, role, last_login_at)
      select md5(n::text)::uuid, 'user ' || n, 'user' || n || '@example.org', case when n <= ${STAFF} then 'staff' else 'member' end,
        now() - n * interval '1 second'
      from generate_series($1::int, $2::int) n`,
      { bind },
    ),
  )
  await sequelize.query('create index users_email on users (email)')
  await sequelize.query('analyze users')
}

/** A session of long ago for each. */
export const addSessions = (sequelize: Sequelize, users: number): Promise<void> =>
  inParts(users, (bind) =>
    sequelize.query(
      `insert into user_sessions (id, user_id, socket_id, connected_at, last_ping, is_active)
      select gen_random_uuid(), md5(n::text)::uuid, 'socket ' || n, now() - n * interval '1 second', now(), false
      from generate_series($1::int, $2::int) n`,
      { bind },
    ),
  )

async function inParts(count: number, insert: (bounds: [number, number]) => Promise<unknown>): Promise<void> {
  for (let from = 1; from <= count; from += PART) await insert([from, Math.min(count, from + PART - 1)])
}

async function ask<Answer extends object>(sequelize: Sequelize, sql: string): Promise<Answer> {
  const [row] = await sequelize.query<Answer>(sql, { type: QueryTypes.SELECT })
  if (row === undefined) throw new Error(`PostgreSQL answered nothing to: ${sql}`)
  return row
}

/** The file in which PostgreSQL keeps the table of users: another one, once all of it was written anew. */
export const fileOf = async (sequelize: Sequelize): Promise<string> =>
  (await ask<{ file: string }>(sequelize, `select pg_relation_filenode('users')::text as file`)).file

/** Tells whether a column of the host's that nobody writes differs anywhere. */
export const hostChecksum = async (sequelize: Sequelize): Promise<string> =>
  (
    await ask<{ sum: string }>(
      sequelize,
      `select count(*) || ' ' || sum(hashtextextended(jsonb_build_array(id, email, role, last_login_at)::text, 0)) as sum from users`,
    )
  ).sum

/** How often rows were renamed, as they say themselves. */
export const renamesOf = async (sequelize: Sequelize): Promise<number> =>
  (await ask<{ renames: number }>(sequelize, 'select sum(renames)::float8 as renames from users')).renames

/** Everything that a migration may add to or take from: columns, indexes, constraints, triggers, types, functions, sequences, extensions. */
export async function schemaOf(sequelize: Sequelize): Promise<string[]> {
  const rows = await sequelize.query<{ line: string }>(
    `
    select concat_ws(' ', 'column', table_name, ordinal_position, column_name, data_type, udt_name, is_nullable, column_default) as line
      from information_schema.columns where table_schema = 'public'
    union all select concat_ws(' ', 'index', indexdef) from pg_indexes where schemaname = 'public'
    union all select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
      from pg_constraint where connamespace = 'public'::regnamespace
    union all select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    union all select concat_ws(' ', 'type', typname, typtype) from pg_type t
      where typnamespace = 'public'::regnamespace and ${OF_NO_EXTENSION('t')}
    union all select 'function ' || p.oid::regprocedure from pg_proc p
      where pronamespace = 'public'::regnamespace and ${OF_NO_EXTENSION('p')}
    union all select 'sequence ' || sequencename from pg_sequences where schemaname = 'public'
    union all select 'extension ' || extname from pg_extension
    order by 1`,
    { type: QueryTypes.SELECT },
  )
  return rows.map(({ line }) => line)
}

const OF_NO_EXTENSION = (row: string): string =>
  `not exists (select 1 from pg_depend d where d.objid = ${row}.oid and d.deptype = 'e')`

/** How many the backfill that is under way has looked at; null: none is. */
export async function backfilled(sequelize: Sequelize): Promise<number | null> {
  const sql = 'select looked::float8 as looked from porchlight_backfill'
  const [row] = await sequelize.query<{ looked: number }>(sql, { type: QueryTypes.SELECT })
  return row?.looked ?? null
}

/** Users whose last seen, ours or in the host's own table, is anything but their last login. */
export const wronglyFilled = async (sequelize: Sequelize): Promise<number> =>
  (
    await ask<{ wrong: number }>(
      sequelize,
      `select count(*)::int as wrong from users u left join porchlight_presence p on p.user_id = u.id
      where (p.last_seen, p.public_last_seen, u.last_activity) is distinct from
        (date_trunc('milliseconds', u.last_login_at), date_trunc('milliseconds', u.last_login_at), date_trunc('milliseconds', u.last_login_at))`,
    )
  ).wrong

/** Who is still written down as present: users and sessions. */
export const writtenPresent = async (sequelize: Sequelize): Promise<number> =>
  (
    await ask<{ present: number }>(
      sequelize,
      `select (select count(*) from porchlight_presence where status <> 'offline')::int
        + (select count(*) from user_sessions where is_active)::int as present`,
    )
  ).present

/** What presence wrote up to now, to compare with later. */
export interface Written {
  readonly xid: number
  readonly rows: number
  /** Of the four columns in the host's table, which the host writes beside. */
  readonly columns: string
}

/** Their word on being alive is about no user. */
const ALIVE = 'porchlight_nodes'

export async function writtenNow(sequelize: Sequelize): Promise<Written> {
  const { xid } = await ask<{ xid: number }>(sequelize, 'select pg_current_xact_id()::text::float8 as xid')
  const { rows } = await countOurs(sequelize, '')
  const { columns } = await ask<{ columns: string }>(
    sequelize,
    `select sum(hashtextextended(concat_ws('|', id, online_status, last_activity, show_online_status, custom_status_message), 0))::text
      as columns from users`,
  )
  return { xid, rows, columns }
}

/** Rows of presence that were written, changed or deleted since then. */
export async function writtenSince(sequelize: Sequelize, before: Written): Promise<number> {
  const { rows: changed } = await countOurs(sequelize, `where xmin::text::float8 >= ${before.xid}`)
  const { rows, columns } = await writtenNow(sequelize)
  return changed + Math.abs(rows - before.rows) + Number(columns !== before.columns)
}

async function countOurs(sequelize: Sequelize, where: string): Promise<{ rows: number }> {
  const tables = await sequelize.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public'
      and (tablename like 'porchlight\\_%' or tablename = 'user_sessions') and tablename <> '${ALIVE}'`,
    { type: QueryTypes.SELECT },
  )
  const counts = tables.map(({ name }) => `select count(*) as rows from ${name} ${where}`)
  return ask(sequelize, `select sum(rows)::float8 as rows from (${counts.join(' union all ')}) of`)
}
