import { QueryTypes, Sequelize } from 'sequelize'
import { seedProvider } from '../../demo/server/seed-people.ts'
import { uuidIds } from '../../src/domain/user-id.ts'
import { createDurableStore } from '../../src/store/postgres/durable-store.ts'
import type { Bench, Sample } from '../bench.ts'
import { differentOnes, seededChance } from '../chance.ts'
import { readCpuMs } from '../processes/cpu.ts'
import { INDEXES_SQL } from '../servers/tutorial-sql.ts'
import type { World } from '../world.ts'
import { recordOf } from './record-of.ts'

/** What is written each half second, at 1,000 activities or changes a second. */
const BATCH = 500
const PRESENT_EVERY = 20
/** Times that everybody present is active before it is measured: a table that was just filled has no room for new versions of its rows. */
const ROUNDS_BEFORE = 3

const size = (quick: boolean) => (quick ? { providers: 10_000, events: 400 } : { providers: 1_000_000, events: 30_000 })

/** Writes what happened to these users at one moment. @param at epoch milliseconds */
type Write = (userIds: readonly string[], present: boolean, at: number) => Promise<unknown>

interface Writer {
  /** Users whose events are written by one statement. */
  readonly batch: number
  prepare(sequelize: Sequelize): Promise<Record<'activity' | 'transition', Write>>
}

const ours: Writer = {
  batch: BATCH,
  async prepare(sequelize) {
    const users = { usersTable: 'users', idColumn: 'id', userId: uuidIds }
    const store = createDurableStore({ sequelize, ...users, nodeId: 'bench', directory: null })
    const project: Write = (ids, present, at) => store.project(ids.map((id) => recordOf(id, present, at)))
    return { activity: project, transition: project }
  },
}

const tutorial: Writer = {
  batch: 1,
  async prepare(sequelize) {
    for (const sql of INDEXES_SQL) await sequelize.query(sql)
    const run = (sql: string, bind: unknown[]) => sequelize.query(sql, { bind })
    return {
      activity: ([id], _present, at) => run('update users set last_activity = $2 where id = $1', [id, new Date(at)]),
      transition: ([id], present, at) =>
        run('update users set online_status = $2, last_activity = $3 where id = $1', [
          id,
          present ? 'online' : 'offline',
          new Date(at),
        ]),
    }
  },
}

const projection =
  ({ batch, prepare }: Writer) =>
  (world: World): Promise<Sample> => {
    const { providers, events } = size(world.quick)
    return world.onMarket(providers, async ({ databaseUrl, say }) => {
      // One connection: a process that ended meanwhile would take what it used with it.
      const sequelize = new Sequelize(databaseUrl, { logging: false, pool: { max: 1, idle: 3_600_000 } })
      try {
        const write = await prepare(sequelize)
        const cpuMs = await cpuReader(sequelize)
        let at = Date.now()
        /** @returns microseconds of PostgreSQL for each event */
        const measure = async (of: Write, userIds: readonly string[], present: boolean): Promise<number> => {
          const before = cpuMs()
          for (let from = 0; from < userIds.length; from += batch) {
            await of(userIds.slice(from, from + batch), present, (at += 1))
          }
          return ((cpuMs() - before) * 1_000) / userIds.length
        }
        const isPresent = (index: number) => index % PRESENT_EVERY === 0
        say('everybody who is present comes')
        const chance = seededChance(1)
        const here = pick(providers, isPresent)
        await measure(write.transition, here, true)
        say('activity')
        // In another order each time, as people are: who shares a batch once does not share the next.
        for (let round = 1; round <= ROUNDS_BEFORE; round += 1) await measure(write.activity, mixed(here, chance), true)
        const activityUs = await measure(write.activity, mixed(here, chance).slice(0, events), true)
        say('transitions')
        const others = pick(providers, (index) => !isPresent(index) && index % PRESENT_EVERY < 2).slice(0, events / 2)
        await measure(write.transition, others.slice(0, events / 5), true)
        await measure(write.transition, others.slice(0, events / 5), false)
        const comingUs = await measure(write.transition, others, true)
        return { activityUs, transitionUs: (comingUs + (await measure(write.transition, others, false))) / 2 }
      } finally {
        await sequelize.close()
      }
    })
  }

const mixed = (userIds: readonly string[], chance: () => number): string[] =>
  differentOnes(userIds.length, () => Math.floor(chance() * userIds.length)).map((i) => userIds[i] ?? '')

/** CPU of the one connection's process in PostgreSQL. */
async function cpuReader(sequelize: Sequelize): Promise<() => number> {
  const [row] = await sequelize.query<{ pid: number }>('select pg_backend_pid() as pid', { type: QueryTypes.SELECT })
  return () => readCpuMs(row?.pid ?? 0) ?? Number.NaN
}

/** Ids of these providers, in an order in which neighbours have nothing in common. */
const pick = (providers: number, isWanted: (index: number) => boolean): string[] =>
  Array.from({ length: providers }, (_, index) => index)
    .filter(isWanted)
    .map((index) => seedProvider(index).id)

export const b8: Bench = {
  id: 'b8',
  title: 'Projection',
  ours: { name: 'Porchlight', run: projection(ours) },
  reference: { name: 'an UPDATE each', run: projection(tutorial) },
  // It is about PostgreSQL alone: where the live truth is makes no difference.
  stores: ['memory'],
  verdicts: [
    { name: 'PostgreSQL CPU per stored activity', of: 'activityUs', as: 'ratio', unit: '×', target: 1 / 15 },
    { name: 'PostgreSQL CPU per stored transition', of: 'transitionUs', as: 'ratio', unit: '×', target: 1 / 4 },
  ],
}
