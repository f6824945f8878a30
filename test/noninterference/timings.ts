import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cumulativeStdNormalProbability, medianSorted, wilcoxonRankSum } from 'simple-statistics'
import { startEmbeddedPostgres } from '../../demo/server/embedded-postgres.ts'
import { type RunningServer, startServer } from '../../src/server.ts'
import { readSettings } from '../../src/settings.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { openRawClient, type RawClient } from './raw-client.ts'

/** How long one question took about somebody hidden who is here, and about somebody hidden who is not. */
export interface Timing {
  readonly question: string
  readonly samples: number
  /** Milliseconds, the median. */
  readonly hereMs: number
  readonly awayMs: number
  /** How often an answer about the one who is here took longer than one about the other: 0.5 when nothing can be told. */
  readonly longer: number
  /** How likely so large a difference is by chance alone: Mann-Whitney, both sides. */
  readonly p: number
}

export interface TimingOptions {
  /** Of each question and person. */
  readonly samples: number
  onSample(): void
}

interface Person {
  readonly id: string
  readonly token: string
}

type Ask = (about: string) => Promise<unknown>

/** As much as a look into PostgreSQL takes at least: about what would tell of somebody whom only the hot store knows. */
const PLANTED_MS = 1

/**
 * Asks a whole server, with PostgreSQL behind it, about two hidden people, by turns. Half of the time the one is here on three devices and
 * busy, half of the time the other, so that what tells the two apart by themselves adds to both sides. In the last row a difference is
 * planted, to show what this can see.
 */
export async function measureTimings(options: TimingOptions): Promise<Timing[]> {
  const home = await mkdtemp(join(tmpdir(), 'porchlight-timings-'))
  const postgres = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), durable: false })
  try {
    const settings = readSettings({
      DATABASE_URL: postgres.url,
      PORT: '0',
      HOST: '127.0.0.1',
      DEMO: 'on',
      DEMO_LIFE: 'off',
      JWT_SECRET: 'secret of these timings',
      PRESENCE_RATE_LIMIT: 'off',
    })
    const server = await startServer({ ...settings, databaseUrl: postgres.url }, createLogger('silent'))
    try {
      return await askAll(server, options)
    } finally {
      await server.stop()
    }
  } finally {
    await postgres.stop()
    await rm(home, { recursive: true, force: true })
  }
}

async function askAll({ url }: RunningServer, options: TimingOptions): Promise<Timing[]> {
  const [viewer, ...pair] = await people(url, 3)
  if (!viewer) throw new Error('the demo has no people')
  const watcher = await openRawClient({ url, auth: { token: viewer.token }, onFrame: () => {} })
  const get = (path: string) => call(url, viewer, path)
  const questions = {
    'one presence': (id: string) => get(`/api/users/presence/${id}`),
    'a batch of them': (id: string) => get(`/api/users/presence?ids=${id}`),
    'a watch': (id: string) => watcher.ask('watch', { users: [id] }),
  }
  const timings: Timing[] = []
  for (const person of pair) await call(url, person, '/api/users/presence/settings', { show_online_status: false })
  for (const [question, ask] of Object.entries(questions)) {
    timings.push(await compare(url, pair, question, ask, { ...options, plantedMs: 0 }))
  }
  const late = `one presence, ${PLANTED_MS} ms planted`
  timings.push(await compare(url, pair, late, questions['one presence'], { ...options, plantedMs: PLANTED_MS }))
  watcher.leave()
  return timings
}

/** Who is here changes half-way. */
async function compare(
  url: string,
  pair: readonly Person[],
  question: string,
  ask: Ask,
  { samples, onSample, plantedMs }: TimingOptions & { plantedMs: number },
): Promise<Timing> {
  const here: number[] = []
  const away: number[] = []
  for (const busy of pair) {
    const devices = await settle(url, busy)
    for (let sample = 0; sample < samples / 2; sample += 1) {
      // Neither of the two is always the first.
      for (const { id } of sample % 2 === 0 ? pair : pair.toReversed()) {
        const began = process.hrtime.bigint()
        if (id === busy.id && plantedMs > 0) await new Promise((resolve) => setTimeout(resolve, plantedMs))
        await ask(id)
        const tookMs = Number(process.hrtime.bigint() - began) / 1e6
        ;(id === busy.id ? here : away).push(tookMs)
        onSample()
      }
      devices[sample % devices.length]?.say('activity')
      if (sample % 8 === 0)
        await call(url, busy, '/api/users/presence/status', { status: sample % 16 === 0 ? 'dnd' : 'online' })
    }
    for (const device of devices) device.leave()
    await settled(url, busy)
  }
  return { question, samples: here.length, hereMs: median(here), awayMs: median(away), ...mannWhitney(here, away) }
}

const settle = (url: string, { token }: Person): Promise<RawClient[]> =>
  Promise.all([1, 2, 3].map((n) => openRawClient({ url, auth: { token, device_id: `d${n}` }, onFrame: () => {} })))

/** Resolves when the server knows of no device of theirs any more. */
async function settled(url: string, person: Person): Promise<void> {
  for (;;) {
    const { sessions } = (await call(url, person, '/api/users/presence/sessions')) as { sessions: unknown[] }
    if (sessions.length === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function people(url: string, count: number): Promise<Person[]> {
  const { users } = (await call(url, null, `/api/demo/users?role=provider&limit=${count}`)) as {
    users: { id: string }[]
  }
  return Promise.all(
    users.map(async ({ id }) => {
      const { token } = (await call(url, null, '/api/demo/login', { user_id: id }, 'POST')) as { token: string }
      return { id, token }
    }),
  )
}

async function call(url: string, as: Person | null, path: string, body?: object, method = body ? 'PATCH' : 'GET') {
  const headers = { 'content-type': 'application/json', ...(as && { authorization: `Bearer ${as.token}` }) }
  const response = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })
  const answer: unknown = await response.json()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
  return answer
}

const median = (all: readonly number[]): number => medianSorted(all.toSorted((a, b) => a - b))

/** By ranks, because answers that a busy machine delays say nothing about anybody. */
export function mannWhitney(a: readonly number[], b: readonly number[]): Pick<Timing, 'longer' | 'p'> {
  const pairs = a.length * b.length
  const u = wilcoxonRankSum([...a], [...b]) - (a.length * (a.length + 1)) / 2
  const z = (u - pairs / 2) / Math.sqrt((pairs * (a.length + b.length + 1)) / 12)
  return { longer: u / pairs, p: 2 * (1 - cumulativeStdNormalProbability(Math.abs(z))) }
}
