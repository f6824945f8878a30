import { Sequelize } from 'sequelize'

const TABLES = ['user_sessions', 'porchlight_presence', 'users'] as const
export type CountedTable = (typeof TABLES)[number]

/** Rows inserted or updated, by table. */
export type RowCounts = Readonly<Record<CountedTable, number>>

export interface RowCounter {
  read(): Promise<RowCounts>
  close(): Promise<void>
}

/**
 * Counts rows as they are written, by triggers: statistics of PostgreSQL would do as well, but are reported up to ten
 * seconds late. The triggers cost PostgreSQL something, and the server nothing, whose CPU is measured in another run.
 */
export async function countRows(databaseUrl: string): Promise<RowCounter> {
  const sequelize = new Sequelize(databaseUrl, { logging: false, pool: { max: 1 } })
  const run = (sql: string) => sequelize.query(sql)
  await run('create table bench_rows (name text primary key, rows bigint not null)')
  await run(`
    create function bench_count() returns trigger language plpgsql as $$
    begin
      update bench_rows set rows = rows + (select count(*) from written) where name = tg_table_name;
      return null;
    end $$`)
  for (const table of TABLES) {
    await run(`insert into bench_rows values ('${table}', 0)`)
    for (const event of ['insert', 'update']) {
      await run(`create trigger bench_${event} after ${event} on ${table}
        referencing new table as written for each statement execute function bench_count()`)
    }
  }
  return {
    async read() {
      const [rows] = await run('select name, rows from bench_rows')
      const counted = (rows as { name: string; rows: string }[]).map(({ name, rows: count }) => [name, Number(count)])
      return Object.fromEntries(counted) as RowCounts
    },
    async close() {
      await run('drop function bench_count() cascade')
      await run('drop table bench_rows')
      await sequelize.close()
    },
  }
}
