// npm run seed -- --providers 100000 [--clients 200]
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from './build.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

try {
  const counts = readCounts()
  await build()
  const { Sequelize } = await import('sequelize')
  const { migrateMarketplace } = await import('../dist/demo/server/schema.js')
  const { seedMarketplace } = await import('../dist/demo/server/seed.js')
  const { url, stop } = await database()
  const sequelize = new Sequelize(url, { logging: false })
  try {
    await migrateMarketplace(sequelize, console.log)
    const added = await seedMarketplace(sequelize, { ...counts, onProgress })
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K')
    console.log(`${added.toLocaleString('en')} people added`)
  } finally {
    await sequelize.close()
    await stop()
  }
} catch (error) {
  console.error(`Seeding failed: ${error.message}`)
  process.exitCode = 1
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

/** DATABASE_URL, else the embedded database: the running one of a server, or our own for as long as it takes. */
async function database() {
  const given = process.env.DATABASE_URL
  if (given) return { url: given, stop: async () => {} }
  const { findEmbeddedPostgres, startEmbeddedPostgres } = await import('../dist/demo/server/embedded-postgres.js')
  const dataDir = join(root, '.data', 'postgres')
  const running = await findEmbeddedPostgres({ dataDir })
  return running === null ? startEmbeddedPostgres({ dataDir }) : { url: running, stop: async () => {} }
}

function onProgress(done, total) {
  if (!process.stdout.isTTY) return
  const width = 40
  const filled = Math.round((done / total) * width)
  const bar = '█'.repeat(filled) + '░'.repeat(width - filled)
  process.stdout.write(`\r${bar} ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`)
}
