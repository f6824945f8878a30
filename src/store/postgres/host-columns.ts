import { PresenceError } from '../../domain/errors.ts'
import { STATUSES } from '../../domain/status.ts'
import type { Database } from './database.ts'
import type { HostUsers } from './host-users.ts'

/** What PostgreSQL says of a column that is there. */
interface FoundColumn {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly is_status: boolean
  /** Whether a migration of ours added it, rather than the host. */
  readonly ours: boolean
}

interface HostColumn {
  readonly name: string
  /** What `alter table … add column` says of it. Constant defaults only: the host's table is never rewritten. */
  readonly definition: (users: HostUsers) => string
  /** What it has to be, for people. */
  readonly expected: string
  readonly fits: (found: FoundColumn) => boolean
}

/** How a column or type that a migration added is told from one that the host had before. */
export const OURS = 'added by porchlight'

/** The four columns of the host's users table (4.1). */
export const HOST_COLUMNS: readonly HostColumn[] = [
  {
    name: 'online_status',
    definition: ({ statusType }) => `${statusType} not null default 'offline'`,
    expected: `an enum of ${STATUSES.join(', ')}, named as Sequelize names it, not null`,
    fits: ({ is_status, required }) => is_status && required,
  },
  {
    name: 'last_activity',
    definition: () => 'timestamptz null',
    expected: 'timestamptz',
    fits: ({ type }) => /^timestamp(\([3-6]\))? with time zone$/.test(type),
  },
  {
    name: 'show_online_status',
    definition: () => 'boolean not null default true',
    expected: 'boolean not null',
    fits: ({ type, required }) => type === 'boolean' && required,
  },
  {
    name: 'custom_status_message',
    definition: () => 'varchar(100) null',
    expected: 'varchar(100) or longer',
    fits: ({ type }) => type === 'text' || Number(/^character varying\((\d+)\)$/.exec(type)?.[1] ?? 0) >= 100,
  },
]

const FIND_COLUMNS = `
  select attname as name, format_type(atttypid, atttypmod) as type, attnotnull as required,
    coalesce(atttypid = to_regtype($2), false) as is_status,
    coalesce(col_description(attrelid, attnum) = $3, false) as ours
  from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`

/**
 * Which of the four columns the host's table has, and whether they are what they must be.
 *
 * @throws {PresenceError} SCHEMA_CONFLICT no such table, an id of another type, a column of another type
 */
export async function findHostColumns(database: Database, users: HostUsers): Promise<Map<string, FoundColumn>> {
  const columns = await database.rows<FoundColumn>(FIND_COLUMNS, [users.table, users.statusType, OURS])
  const found = new Map(columns.map((column) => [column.name, column]))
  checkId(found, users)
  for (const { name, expected, fits } of HOST_COLUMNS) {
    const column = found.get(name)
    if (column && !fits(column)) {
      const is = `${column.type}${column.required ? ' not null' : ''}`
      throw conflict(`${users.table} has a column ${name} of its own (${is}); it needs to be ${expected}. ${REMEDY}`)
    }
  }
  return found
}

const REMEDY = 'Rename or convert it; if sync({ alter }) changed it, exclude this table from sync.'

function checkId(found: ReadonlyMap<string, FoundColumn>, { table, id, idType }: HostUsers): void {
  if (found.size === 0) throw conflict(`There is no table ${table}; create the users first.`)
  const type = found.get(id.slice(1, -1))?.type
  if (type === undefined) throw conflict(`${table} has no column ${id}.`)
  if (type !== idType) throw conflict(`${table}.${id} is ${type}, but userId says ${idType}; pass the codec that fits.`)
}

/**
 * Refuses a users table that lacks one of the four columns, or whose columns somebody has changed since.
 *
 * @throws {PresenceError} SCHEMA_CONFLICT
 */
export async function checkHostColumns(database: Database, users: HostUsers): Promise<void> {
  const found = await findHostColumns(database, users)
  const missing = HOST_COLUMNS.filter(({ name }) => !found.has(name)).map(({ name }) => name)
  if (missing.length > 0) {
    throw conflict(`${users.table} has lost ${missing.join(', ')}; run rollback --all and migrate, or add them again.`)
  }
}

export const conflict = (message: string): PresenceError => new PresenceError('SCHEMA_CONFLICT', message)
