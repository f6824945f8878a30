import { randomUUID } from 'node:crypto'
import { Sequelize } from 'sequelize'
import { inject } from 'vitest'
import { MARKETPLACE_TEMPLATE } from './global-setup.ts'

export interface TestDatabase {
  readonly url: string
  readonly sequelize: Sequelize
  /** Closes `sequelize` and removes the database, whoever else is still connected. */
  drop(): Promise<void>
}

/**
 * A new database of its own on the run's PostgreSQL: empty, or with the marketplace (200 providers, 20 clients and one
 * member of staff, always the same).
 */
export async function createTestDatabase({ marketplace = false } = {}): Promise<TestDatabase> {
  const server = inject('postgresUrl')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await onServer(server, `create database ${name} template ${marketplace ? MARKETPLACE_TEMPLATE : 'template0'}`)
  const url = server.replace(/\/[^/]*$/, `/${name}`)
  const sequelize = new Sequelize(url, { logging: false })
  return {
    url,
    sequelize,
    async drop() {
      await sequelize.close()
      await onServer(server, `drop database ${name} with (force)`)
    },
  }
}

async function onServer(url: string, sql: string): Promise<void> {
  const admin = new Sequelize(url, { logging: false, pool: { max: 1 } })
  try {
    await admin.query(sql)
  } finally {
    await admin.close()
  }
}
