// The server under test as it ships: what `npm start` runs, from dist, without the demo. Changes of people without a
// connection go through the public service.
import type * as ServerModule from '../../src/server.ts'
import type * as SettingsModule from '../../src/settings.ts'
import type * as LoggerModule from '../../src/telemetry/logger.ts'
import { serveVerbs } from '../processes/serve-verbs.ts'
import { createActivities } from './activities.ts'
import { createChanger } from './changer.ts'
import type { ServerVerbs } from './verbs.ts'

const dist = (file: string): Promise<unknown> => import(new URL(`../../dist/src/${file}`, import.meta.url).href)
const { startServer } = (await dist('server.js')) as typeof ServerModule
const { readSettings } = (await dist('settings.js')) as typeof SettingsModule
const { createLogger } = (await dist('telemetry/logger.js')) as typeof LoggerModule

let server: Awaited<ReturnType<typeof startServer>> | null = null

const running = (): NonNullable<typeof server> => {
  if (server === null) throw new Error('The server was not started')
  return server
}

const changer = createChanger((userId, present) => {
  const { service } = running().presence
  const socketId = `bench:${userId}`
  return present
    ? service.setUserOnline(userId, socketId, { device_type: 'web' })
    : service.setUserOffline(userId, socketId)
})

const activities = createActivities((userId) => running().presence.service.updateLastActivity(userId))

const verbs: ServerVerbs = {
  async start({ databaseUrl, secret, options }) {
    const env = {
      PORT: '0',
      HOST: '127.0.0.1',
      DEMO: 'off',
      JWT_SECRET: secret,
      PRESENCE_RATE_LIMIT: 'off',
      ...options,
    }
    server = await startServer({ ...readSettings(env), databaseUrl }, createLogger('error'))
    return Number(new URL(server.url).port)
  },
  setAll: changer.setAll,
  startChanges: changer.start,
  stopChanges: changer.stop,
  startActivities: activities.start,
  stopActivities: activities.stop,
  connections: () => running().io.of('/').sockets.size,
  async refused() {
    const text = await running().presence.metrics.text()
    return Number(/^porchlight_refusals_total\{code="RATE_LIMITED"\} (\d+)/m.exec(text)?.[1] ?? 0)
  },
  async stop() {
    await server?.stop()
    server = null
  },
}

serveVerbs(verbs)
