import { type Running, runCli } from '../support/process.ts'
import { OPS_TOKEN, type People, readPeople, SECRET } from './people.ts'
import { type ProcessWatch, watchProcess } from './process-watch.ts'

/** The real server, as a process of its own. */
export interface Target {
  readonly port: number
  readonly url: string
  readonly people: People
  readonly watch: ProcessWatch
  /** Whether it limits how often somebody may ask. */
  readonly isLimited: boolean
  /** What went wrong with the process itself since it was ready, or null. */
  trouble(): string | null
  stop(): Promise<void>
}

export interface TargetOptions {
  readonly databaseUrl: string
  /** Environment of the server beside what every target has. */
  readonly env?: Readonly<Record<string, string>>
}

/** Milliseconds after which a handshake, or a request, that goes nowhere is ended: so long a busy machine may keep one that goes on. */
const PATIENCE_MS = 1_000

/** Sessions end at once, so that what is left of them is no growth; whatever is slow is so within the run. */
const SETTINGS = {
  PORT: '0',
  HOST: '127.0.0.1',
  JWT_SECRET: SECRET,
  OPS_TOKEN,
  DEMO: 'on',
  DEMO_LIFE: 'off',
  LOG_LEVEL: 'error',
  PRESENCE_RATE_LIMIT: 'off',
  PRESENCE_GRACE_MS: '50',
  PRESENCE_MOBILE_GRACE_MS: '50',
  PRESENCE_HANDSHAKE_TIMEOUT_MS: String(PATIENCE_MS),
  // One that ends because of an error is not waited for.
  PRESENCE_DRAIN_MS: '200',
  PRESENCE_REQUEST_TIMEOUT_MS: String(PATIENCE_MS),
  // Any free port: it is printed. A warning says where it comes from.
  NODE_OPTIONS: '--inspect=127.0.0.1:0 --trace-warnings',
}

/** What Node itself says of the inspector. */
const INSPECTOR_WORDS =
  /^(Debugger (listening|attached|ending)|For help, see: https:\/\/nodejs\.org|Waiting for the debugger).*$/gm

export async function startTarget({ databaseUrl, env = {} }: TargetOptions): Promise<Target> {
  const server = runCli(['serve'], { ...SETTINGS, DATABASE_URL: databaseUrl, ...env })
  const inspector = await server.prints(/Debugger listening on (ws:\S+)/)
  const url = await server.prints(/ready at (http:\S+)/)
  const watch = await watchProcess(inspector)
  // A process that ends waits for whoever is at the inspector.
  server.prints(/Waiting for the debugger to disconnect/).then(watch.close, () => {})
  const people = await readPeople(url)
  const said = server.output().length
  let ending: string | null = null
  void server.ended.then(({ code, signal }) => (ending = `the server ended with ${signal ?? code}`))
  return {
    port: Number(new URL(url).port),
    url,
    people,
    watch,
    isLimited: env['PRESENCE_RATE_LIMIT'] === 'on',
    trouble() {
      const words = server.output().slice(said).replaceAll(INSPECTOR_WORDS, '').trim()
      if (ending !== null) return `${ending}\n${words}`
      return words === '' ? null : `the server said: ${words}`
    },
    stop: () => stop(server, watch),
  }
}

async function stop(server: Running, watch: ProcessWatch): Promise<void> {
  watch.close()
  server.kill('SIGTERM')
  await server.ended
}
