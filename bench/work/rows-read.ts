import { QueryTypes, Sequelize } from 'sequelize'
import { MARKETPLACE_DIRECTORY } from '../../demo/server/marketplace-directory.ts'
import { uuidIds } from '../../src/domain/user-id.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import { eavesdrop, type Statement } from '../../test/support/statements.ts'
import { COUNTS_SQL, PAGE_SQL } from '../servers/tutorial-sql.ts'

/** What PostgreSQL read for a search, and how long it took over it. */
export interface RowsRead {
  /** Rows of tables and entries of indexes that were looked at, wanted or not. */
  readonly rows: number
  /** Pages of 8 KB. */
  readonly pages: number
  readonly planningMs: number
  readonly executionMs: number
}

/** The first page of those who are online in a city. */
export async function rowsOfOurs(databaseUrl: string, cityId: number): Promise<RowsRead> {
  return withDatabase(databaseUrl, async (sequelize) => {
    const heard: Statement[] = []
    const store = createDurableStore({
      sequelize: eavesdrop(sequelize, (statement) => heard.push(statement)),
      usersTable: 'users',
      idColumn: 'id',
      userId: uuidIds,
      nodeId: 'bench',
      directory: MARKETPLACE_DIRECTORY,
    })
    const anything = { min: null, max: null }
    await store.findProviders({
      cityId: String(cityId),
      serviceId: null,
      statuses: ['online'],
      seenSince: null,
      activeSince: null,
      name: null,
      price: anything,
      rating: anything,
      sort: 'availability',
      limit: 20,
      shown: [],
      after: null,
      hidden: [],
    })
    return explain(sequelize, heard)
  })
}

/** The same of the reference. */
export const rowsOfTutorial = (databaseUrl: string, cityId: number): Promise<RowsRead> =>
  withDatabase(databaseUrl, (sequelize) =>
    explain(sequelize, [
      { sql: PAGE_SQL, bind: [cityId, null, 'online'] },
      { sql: COUNTS_SQL, bind: [cityId, null] },
    ]),
  )

async function withDatabase<Result>(url: string, work: (sequelize: Sequelize) => Promise<Result>): Promise<Result> {
  const sequelize = new Sequelize(url, { logging: false })
  try {
    return await work(sequelize)
  } finally {
    await sequelize.close()
  }
}

interface PlanNode {
  readonly 'Actual Rows': number
  readonly 'Actual Loops': number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Join Filter'?: number
  readonly 'Shared Hit Blocks': number
  readonly 'Shared Read Blocks': number
  readonly 'Node Type': string
  readonly Plans?: readonly PlanNode[]
}

interface Plan {
  readonly Plan: PlanNode
  readonly 'Planning Time': number
  readonly 'Execution Time': number
}

async function explain(sequelize: Sequelize, statements: readonly Statement[]): Promise<RowsRead> {
  const all: RowsRead[] = []
  for (const { sql, bind } of statements) {
    const [answer] = await sequelize.query<{ 'QUERY PLAN': [Plan] }>(`explain (analyze, buffers, format json) ${sql}`, {
      bind: [...bind],
      type: QueryTypes.SELECT,
    })
    if (answer) all.push(readPlan(answer['QUERY PLAN'][0]))
  }
  const sum = (of: (read: RowsRead) => number) => all.reduce((total, read) => total + of(read), 0)
  return {
    rows: sum(({ rows }) => rows),
    pages: sum(({ pages }) => pages),
    planningMs: sum(({ planningMs }) => planningMs),
    executionMs: sum(({ executionMs }) => executionMs),
  }
}

/** Pages of a node are those of all below it; rows are counted where they are read, which is where nothing is below. */
function readPlan({ Plan: top, 'Planning Time': planningMs, 'Execution Time': executionMs }: Plan): RowsRead {
  const flat = (node: PlanNode): PlanNode[] => [node, ...(node.Plans ?? []).flatMap(flat)]
  const rows = flat(top)
    .filter((node) => node['Node Type'].endsWith('Scan'))
    .reduce(
      (sum, node) => sum + (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'],
      0,
    )
  return { rows, pages: top['Shared Hit Blocks'] + top['Shared Read Blocks'], planningMs, executionMs }
}
