import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Sequelize } from 'sequelize'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../demo/server/embedded-postgres.ts'
import { migrateMarketplace } from '../../demo/server/schema.ts'
import { seedMarketplace } from '../../demo/server/seed.ts'
import { startRedis, startRedisCluster } from './redis.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The server of this test run, as its superuser. Tests use `createTestDatabase` rather than this. */
    postgresUrl: string
    /** A Redis of this test run. Tests use a prefix of their own. */
    redisUrl: string
    /** A Redis Cluster of this test run, as REDIS_URL takes it. */
    redisClusterUrl: string
  }
}

/** A database with the marketplace and a few of its people, from which tests get theirs as a copy. */
export const MARKETPLACE_TEMPLATE = 'marketplace_template'

/** One real PostgreSQL, Redis and Redis Cluster for the whole run, gone afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const starting = [startRedis(), startRedisCluster()] as const
  const stopPostgres = await setUpPostgres(project)
  const [redis, cluster] = await Promise.all(starting)
  project.provide('redisUrl', redis.url)
  project.provide('redisClusterUrl', cluster.url)
  return async () => void (await Promise.all([stopPostgres(), redis.stop(), cluster.stop()]))
}

/** Without fsync: nothing here is to last. */
async function setUpPostgres(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), 'porchlight-tests-'))
  const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: false })
  // An interrupted run ends without teardown; PostgreSQL itself ends with this process.
  const onExit = (): void => rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  process.once('exit', onExit)
  const teardown = async (): Promise<void> => {
    await postgres.stop()
    process.off('exit', onExit)
    await rm(home, { recursive: true, force: true })
  }
  try {
    await makeTemplate(postgres.url)
  } catch (error) {
    await teardown()
    throw error
  }
  project.provide('postgresUrl', postgres.url)
  return teardown
}

async function makeTemplate(url: string): Promise<void> {
  const admin = new Sequelize(url, { logging: false })
  await admin.query(`create database ${MARKETPLACE_TEMPLATE}`)
  await admin.close()
  const template = new Sequelize(url.replace(/\/[^/]*$/, `/${MARKETPLACE_TEMPLATE}`), { logging: false })
  await migrateMarketplace(template)
  await seedMarketplace(template, { providers: 200, clients: 20 })
  // A template is copied only while nobody is connected to it.
  await template.close()
}
