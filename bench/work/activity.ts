import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Sample } from '../bench.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import { personIds } from '../people.ts'
import type { Process } from '../processes/start-process.ts'
import type { BenchServer, ServerKind, World } from '../world.ts'
import { countRows, type RowCounts } from './count-rows.ts'

/** Well below the limit of 20 a second for each user. */
const PINGS_PER_USER = 10
/** The defaults that decide how often an activity is written, and what they are shortened to: an hour passes in a minute. */
const FASTER = 60
const FLUSH_MS = 300_000 / FASTER
const IDLE_MS = 300_000 / FASTER

const clients = (quick: boolean): number => (quick ? 200 : 1_000)

async function connect({ port, wire }: BenchServer, load: Process<LoadVerbs>, world: World): Promise<number> {
  const users = personIds('client', clients(world.quick))
  const { secret } = world
  return load.call('connect', { port, wire, secret, users, watchable: [], watches: [[]], atOnce: 20 })
}

const ping =
  (kind: ServerKind) =>
  (world: World): Promise<Sample> =>
    world.withServer(
      kind,
      async (server, load) => {
        const count = await connect(server, load, world)
        const perSecond = count * PINGS_PER_USER
        await load.call('ping', perSecond, world.quick ? 500 : 3_000)
        await sleep(1_000)
        const before = await server.cpuMs()
        const sent = await load.call('ping', perSecond, world.quick ? 2_000 : 8_000)
        await sleep(300)
        const cpuMs = (await server.cpuMs()) - before
        const refused = await server.call('refused')
        if (refused > 0) throw new Error(`${refused} pings were above the limit, and cost less`)
        return { cpuUsPerPing: (cpuMs * 1_000) / sent, pings: sent }
      },
      { PRESENCE_RATE_LIMIT: 'on' },
    )

/** Everybody is active all the time; time passes sixty times as fast. */
const countWritten = (world: World): Promise<Sample> =>
  world.withServer(
    'porchlight',
    async (server, load) => {
      const sessions = await connect(server, load, world)
      const pinging = load.call('ping', sessions * 2, (world.quick ? 3 : 7) * FLUSH_MS)
      // The first period still has the arrivals in it.
      await sleep(FLUSH_MS)
      const counter = await countRows(world.databaseUrl)
      try {
        const periods = world.quick ? 1 : 5
        await sleep(periods * FLUSH_MS)
        const hours = (periods * FLUSH_MS * FASTER) / 3_600_000
        return perSessionHour(await counter.read(), sessions * hours)
      } finally {
        await counter.close()
        await pinging
      }
    },
    { PRESENCE_RATE_LIMIT: 'on', PRESENCE_ACTIVITY_FLUSH_MS: `${FLUSH_MS}`, PRESENCE_IDLE_AFTER_MS: `${IDLE_MS}` },
  )

function perSessionHour({ user_sessions, porchlight_presence, users }: RowCounts, hours: number): Sample {
  const rates = {
    user_sessions: user_sessions / hours,
    porchlight_presence: porchlight_presence / hours,
    users: users / hours,
  }
  return { ...rates, mostRowsPerSessionHour: Math.max(...Object.values(rates)) }
}

export const b5: Bench = {
  id: 'b5',
  title: 'Activity',
  ours: {
    name: 'Porchlight',
    run: async (world) => ({ ...(await ping('porchlight')(world)), ...(await countWritten(world)) }),
  },
  reference: { name: 'bare Socket.IO handler', run: ping('bare-socket-io') },
  verdicts: [
    { name: 'server CPU per ping', of: 'cpuUsPerPing', as: 'ratio', unit: '×', target: 1.3, goal: 1.1 },
    { name: 'rows per session-hour, in each table', of: 'mostRowsPerSessionHour', as: 'ours', unit: '', target: 12 },
  ],
}
