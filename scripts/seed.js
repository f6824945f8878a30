// npm run seed -- --providers 1000000 [--clients 200]
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from './build.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// Without this the embedded database would outlive us.
process.once('SIGINT', () => {
  console.error('\nInterrupted. Who was added stays; the same command goes on from there.')
  process.exit(130)
})

try {
  const counts = readCounts()
  await build()
  const { url, stop } = await database()
  try {
    await seed(url, counts)
  } finally {
    await stop()
  }
} catch (error) {
  console.error(`Seeding failed: ${error.message}`)
  process.exitCode = 1
}

/** Adds people, then lists them, so that searches find everybody at once. */
async function seed(url, counts) {
  const { Sequelize } = await import('sequelize')
  const { uuidIds } = await import('../dist/src/domain/user-id.js')
  const { MARKETPLACE_DIRECTORY } = await import('../dist/demo/server/marketplace-directory.js')
  const { migrateMarketplace } = await import('../dist/demo/server/schema.js')
  const { seedMarketplace } = await import('../dist/demo/server/seed.js')
  const { migratePresence } = await import('../dist/src/store/postgres/migrate.js')
  const { repairListing } = await import('../dist/src/store/postgres/repair-listing.js')
  const { createProgress } = await import('../dist/src/telemetry/progress.js')
  const show = createProgress(process.stdout, () => performance.now())
  const sequelize = new Sequelize(url, { logging: false })
  const host = { sequelize, usersTable: 'users', idColumn: 'id', userId: uuidIds }
  try {
    await migrateMarketplace(sequelize, console.log)
    await migratePresence({ ...host, log: console.log })
    const added = await seedMarketplace(sequelize, { ...counts, onProgress: (done, of) => show('people', done, of) })
    const [[{ providers }]] = await sequelize.query('select count(*)::int as providers from providers')
    const onProgress = (compared) => show('listing', compared, providers)
    const { changed } = await repairListing({ ...host, directory: MARKETPLACE_DIRECTORY, onProgress })
    // Searches are planned by what is known of the tables; PostgreSQL by itself would look a minute from now.
    await sequelize.query('analyze')
    console.log(`${count(added)} people added, ${count(changed)} providers listed`)
  } finally {
    await sequelize.close()
  }
}

function readCounts() {
  const options = { providers: { type: 'string' }, clients: { type: 'string' } }
  const given = Object.entries(parseArgs({ options }).values)
  return Object.fromEntries(
    given.map(([name, text]) => {
      if (!/^\d{1,8}$/.test(text)) throw new Error(`--${name} is a whole number, not "${text}"`)
      return [name, Number(text)]
    }),
  )
}

function count(n) {
  return n.toLocaleString('en')
}

/** DATABASE_URL, else the embedded database: the running one of a server, or our own for as long as it takes. */
async function database() {
  const given = process.env.DATABASE_URL
  if (given) return { url: given, stop: async () => {} }
  const { findEmbeddedPostgres, startEmbeddedPostgres } = await import('../dist/demo/server/embedded-postgres.js')
  const dataDir = join(root, '.data', 'postgres')
  const running = await findEmbeddedPostgres({ dataDir })
  return running === null ? startEmbeddedPostgres({ dataDir }) : { url: running, stop: async () => {} }
}
