// Reference: presence as a tutorial does it. The status and the last activity are columns of the host's users with an index each, every
// sign of use and every change of a status is an UPDATE, and a search is a query over the host's tables.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { QueryTypes, Sequelize } from 'sequelize'
import { serveVerbs } from '../processes/serve-verbs.ts'
import { createActivities } from './activities.ts'
import { createChanger } from './changer.ts'
import { COUNTS_SQL, INDEXES_SQL, PAGE_SQL } from './tutorial-sql.ts'
import type { ServerVerbs } from './verbs.ts'

let sequelize: Sequelize | null = null

function run<Row extends object>(sql: string, bind: unknown[]): Promise<Row[]> {
  if (sequelize === null) throw new Error('The server was not started')
  return sequelize.query<Row>(sql, { bind, type: QueryTypes.SELECT })
}

const changer = createChanger((userId, present) =>
  run('update users set online_status = $2, last_activity = now() where id = $1', [
    userId,
    present ? 'online' : 'offline',
  ]),
)
const activities = createActivities((userId) => run('update users set last_activity = now() where id = $1', [userId]))

interface Card {
  readonly id: string
  readonly online_status: string
  readonly last_activity: Date | null
}

function withPresence({ online_status, last_activity, ...card }: Card): object {
  const presence = { userId: card.id, online_status, last_seen: last_activity, show_status: true }
  return { ...card, presence, is_online: online_status === 'online', last_seen_text: 'Online' }
}

const app = express()
app.get('/api/providers', async (request, response) => {
  const { city_id: city = null, service_id: service = null, online_status: status = null } = request.query
  const [cards, counted] = await Promise.all([
    run<Card>(PAGE_SQL, [city, service, status]),
    run<{ status: string; count: number }>(COUNTS_SQL, [city, service]),
  ])
  const counts = Object.fromEntries(counted.map(({ status: name, count }) => [name, count]))
  response.json({ providers: cards.map(withPresence), counts })
})
const http = createServer(app)

const verbs: ServerVerbs = {
  async start({ databaseUrl }) {
    sequelize = new Sequelize(databaseUrl, { logging: false, pool: { max: 12 } })
    for (const sql of INDEXES_SQL) await sequelize.query(sql)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', 4_096, resolve))
    return (http.address() as AddressInfo).port
  },
  setAll: changer.setAll,
  startChanges: changer.start,
  stopChanges: changer.stop,
  startActivities: activities.start,
  stopActivities: activities.stop,
  connections: () => 0,
  refused: () => 0,
  async stop() {
    http.close()
    http.closeAllConnections()
    await sequelize?.close()
  },
}

serveVerbs(verbs)
