import { QueryTypes, type Sequelize, type Transaction } from 'sequelize'
import { Umzug, type UmzugStorage } from 'umzug'
import { createDirectory, dropDirectory } from './schema-sql.ts'

/** Locks of the marketplace among nodes that start together; any numbers, as long as they differ. */
export const ADVISORY_LOCKS = { migrate: 7_040_001, seed: 7_040_002 } as const

interface Context {
  readonly sequelize: Sequelize
  readonly transaction: Transaction
}

/** Brings the marketplace's tables up to date: all or nothing, one node at a time, nothing to do the second time. */
export async function migrateMarketplace(sequelize: Sequelize, log?: (line: string) => void): Promise<void> {
  await alone(sequelize, async (context) => {
    for (const { name } of await migrator(context).up()) log?.(`marketplace: applied ${name}`)
  })
}

/** Takes the marketplace's tables away, with what is in them. */
export async function rollbackMarketplace(sequelize: Sequelize): Promise<void> {
  await alone(sequelize, async (context) => {
    await migrator(context).down({ to: 0 })
  })
}

/** One transaction holds the lock and does the work, so that it needs no second connection and leaves no halves. */
async function alone(sequelize: Sequelize, work: (context: Context) => Promise<void>): Promise<void> {
  await sequelize.transaction(async (transaction) => {
    const bind = [ADVISORY_LOCKS.migrate]
    await sequelize.query('select pg_advisory_xact_lock($1)', { bind, transaction, logging: false })
    await work({ sequelize, transaction })
  })
}

function migrator(context: Context): Umzug<Context> {
  return new Umzug<Context>({
    migrations: [{ name: '001-directory', up: run(createDirectory), down: run(dropDirectory) }],
    context,
    storage: appliedMigrations,
    logger: undefined,
  })
}

const run =
  (sql: string) =>
  async ({ context: { sequelize, transaction } }: { context: Context }): Promise<void> => {
    await sequelize.query(sql, { transaction, logging: false })
  }

/** Which migrations were applied, kept in the migration's own transaction (umzug's own storage would not). */
const appliedMigrations: UmzugStorage<Context> = {
  async logMigration({ name, context: { sequelize, transaction } }) {
    const sql = 'insert into marketplace_migrations (name) values ($1)'
    await sequelize.query(sql, { bind: [name], transaction, logging: false })
  },
  async unlogMigration({ name, context: { sequelize, transaction } }) {
    const sql = 'delete from marketplace_migrations where name = $1'
    await sequelize.query(sql, { bind: [name], transaction, logging: false })
  },
  async executed({ context: { sequelize, transaction } }) {
    const options = { transaction, logging: false } as const
    await sequelize.query('create table if not exists marketplace_migrations (name text primary key)', options)
    const sql = 'select name from marketplace_migrations order by name'
    const rows = await sequelize.query<{ name: string }>(sql, { ...options, type: QueryTypes.SELECT })
    return rows.map(({ name }) => name)
  },
}
