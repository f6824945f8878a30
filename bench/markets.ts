import { join } from 'node:path'
import { QueryTypes, Sequelize } from 'sequelize'
import { startEmbeddedPostgres } from '../demo/server/embedded-postgres.ts'
import { MARKETPLACE_DIRECTORY } from '../demo/server/marketplace-directory.ts'
import { migrateMarketplace } from '../demo/server/schema.ts'
import { seedMarketplace } from '../demo/server/seed.ts'
import { uuidIds } from '../src/domain/user-id.ts'
import { migratePresence } from '../src/store/postgres/migrate.ts'
import { repairListing } from '../src/store/postgres/repair-listing.ts'

/** Marketplaces with many providers, in a PostgreSQL of their own. A million take minutes, so they are made once and kept. */
export interface Markets {
  /** Gives a copy of one to `work`, in which nobody is present, and throws it away. */
  withCopy<Result>(providers: number, work: (databaseUrl: string) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

const HOME = join(import.meta.dirname, '..', '.data', 'bench-markets', 'postgres')
/** Counts up when what is made below is made otherwise: what was kept is made anew. Copies are brought up to newer migrations. */
const RECIPE = 2
/** What is in use of a million providers stays in memory, as on a machine of its own: with the 128 MB of the factory all measure the disk. */
const SETTINGS = { shared_buffers: '1GB' }
/** People who are nobody's provider, in every one of them. */
const CLIENTS = 2_000
const HOST = { usersTable: 'users', idColumn: 'id', userId: uuidIds }

/**
 * Starts it. What is kept is not forced to disk: after a crash of the machine, remove `.data/bench-markets`.
 *
 * @throws Error while another run uses it
 */
export async function openMarkets(say: (what: string) => void): Promise<Markets> {
  const postgres = await startEmbeddedPostgres({ dataDir: HOME, durable: false, settings: SETTINGS })
  const at = (database: string) => postgres.url.replace(/\/[^/]*$/, `/${database}`)
  const admin = new Sequelize(at('postgres'), { logging: false })
  const run = (sql: string) => admin.query(sql)
  let copies = 0

  async function isThere(database: string): Promise<boolean> {
    const sql = 'select 1 from pg_database where datname = $1'
    return (await admin.query(sql, { bind: [database], type: QueryTypes.SELECT })).length > 0
  }

  /** Made under another name, so that one that was interrupted is not taken for a whole one. */
  async function ensureMarket(providers: number): Promise<string> {
    const name = `market_${RECIPE}_${providers}`
    if (await isThere(name)) return name
    const draft = `${name}_draft`
    await run(`drop database if exists ${draft} with (force)`)
    await run(`create database ${draft}`)
    await fill(at(draft), providers, say)
    await run(`alter database ${draft} rename to ${name}`)
    return name
  }

  return {
    async withCopy(providers, work) {
      const market = await ensureMarket(providers)
      say(`copying ${providers.toLocaleString('en')} providers`)
      const copy = `copy_${process.pid}_${++copies}`
      await run(`create database ${copy} template ${market} strategy file_copy`)
      try {
        // Kept since before the latest migration, perhaps, and not every bench has a server that migrates.
        await migrateCopy(at(copy))
        // What the copying left to write must not be written in the middle of a measurement.
        await run('checkpoint')
        return await work(at(copy))
      } finally {
        await run(`drop database ${copy} with (force)`)
      }
    },
    async close() {
      await admin.close()
      await postgres.stop()
    },
  }
}

async function migrateCopy(url: string): Promise<void> {
  const sequelize = new Sequelize(url, { logging: false })
  try {
    await migratePresence({ sequelize, ...HOST })
  } finally {
    await sequelize.close()
  }
}

/** Everybody was here once within the last thirty days; who it was when depends on their id alone. */
const SEEN = `update users set last_activity = timestamptz '2025-01-01' - (hashtext(id::text) & 65535) * interval '40 seconds'`

function inTenths(say: (tenths: number) => void) {
  let said = 0
  return (done: number, of: number): void => {
    const tenths = Math.floor((10 * done) / of)
    if (tenths !== said) say((said = tenths))
  }
}

async function fill(url: string, providers: number, say: (what: string) => void): Promise<void> {
  const sequelize = new Sequelize(url, { logging: false })
  const share = (what: string) => inTenths((tenths) => say(`${what}: ${10 * tenths} %`))
  try {
    await migrateMarketplace(sequelize)
    await migratePresence({ sequelize, ...HOST })
    const title = `making ${providers.toLocaleString('en')} providers`
    await seedMarketplace(sequelize, { providers, clients: CLIENTS, staff: 0, onProgress: share(title) })
    await sequelize.query(SEEN)
    await sequelize.query('vacuum full analyze users')
    const listed = share(`listing ${providers.toLocaleString('en')} providers`)
    const directory = MARKETPLACE_DIRECTORY
    await repairListing({ sequelize, ...HOST, directory, onProgress: (done) => listed(done, providers) })
    await sequelize.query('vacuum analyze')
  } finally {
    await sequelize.close()
  }
}
