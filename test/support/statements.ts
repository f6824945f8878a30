import type { Sequelize } from 'sequelize'

/** A statement as the store ran it. */
export interface Statement {
  readonly sql: string
  readonly bind: readonly unknown[]
}

/** The same connections, whose statements are heard. */
export const eavesdrop = (sequelize: Sequelize, hear: (statement: Statement) => void): Sequelize =>
  new Proxy(sequelize, {
    get(target, name, receiver): unknown {
      if (name !== 'query') return Reflect.get(target, name, receiver)
      return (sql: string, options: { bind?: unknown[] }) => {
        hear({ sql, bind: options.bind ?? [] })
        return target.query(sql, options)
      }
    },
  })
