import { Agent, type IncomingMessage, request } from 'node:http'
import { quantile } from '../statistics.ts'

/** Whom to ask, over one connection that stays. */
export interface AskTarget {
  readonly port: number
  /** Asked for in turn. */
  readonly paths: readonly string[]
}

/** Each target is asked once in every turn, one after the other, so that what the machine does meanwhile happens to all. */
export interface AskPlan {
  readonly targets: readonly AskTarget[]
  readonly forMs: number
  /** Rest before every turn, in milliseconds. @default 0 */
  readonly pauseMs?: number
}

/** What became of the requests to one target. */
export interface Asked {
  readonly count: number
  /** From the request to the last byte of the answer. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly bytes: number
  /** Of answers that say when they were made (`stamping-proxy.ts`); NaN of others. */
  readonly ageP50Ms: number
  readonly ageP99Ms: number
  readonly ageMaxMs: number
  /** Share of the answers that a cache says are its own. */
  readonly fromCache: number
}

interface Answer {
  readonly ms: number
  readonly bytes: number
  readonly ageMs: number | null
  readonly fromCache: boolean
}

/** When an answer was made: epoch milliseconds. */
export const MADE_AT = 'x-made-at'
const OF_CACHE = new Set(['HIT', 'STALE', 'UPDATING', 'REVALIDATED'])

/** @throws Error when anything but 200 is answered */
export async function askInTurn({ targets, forMs, pauseMs = 0 }: AskPlan): Promise<Asked[]> {
  const agents = targets.map(() => new Agent({ keepAlive: true, maxSockets: 1 }))
  const answers = targets.map((): Answer[] => [])
  const until = performance.now() + forMs
  for (let turn = 0; performance.now() < until; turn++) {
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    for (const [i, { port, paths }] of targets.entries()) {
      answers[i]?.push(await ask(port, paths[turn % paths.length] ?? '/', agents[i]))
    }
  }
  for (const agent of agents) agent.destroy()
  return answers.map(summary)
}

/** The answer's body. @throws Error when anything but 200 is answered */
export async function fetchBody(port: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  if (response.status !== 200) throw new Error(`${path} was answered with ${response.status}`)
  return response.text()
}

function ask(port: number, path: string, agent: Agent | undefined): Promise<Answer> {
  const since = performance.now()
  return new Promise((resolve, reject) => {
    request({ port, path, host: '127.0.0.1', agent }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => (bytes += chunk.length))
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(answerOf(response, performance.now() - since, bytes))
        else reject(new Error(`${path} was answered with ${response.statusCode}`))
      })
    })
      .on('error', reject)
      .end()
  })
}

function answerOf({ headers }: IncomingMessage, ms: number, bytes: number): Answer {
  const madeAt = headers[MADE_AT]
  const ageMs = madeAt === undefined ? null : Math.max(0, Date.now() - Number(madeAt))
  return { ms, bytes, ageMs, fromCache: OF_CACHE.has(String(headers['x-cache'])) }
}

function summary(answers: readonly Answer[]): Asked {
  const times = answers.map(({ ms }) => ms)
  const ages = answers.flatMap(({ ageMs }) => (ageMs === null ? [] : [ageMs]))
  const age = (share: number) => (ages.length === 0 ? Number.NaN : quantile(ages, share))
  return {
    count: answers.length,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    bytes: quantile(
      answers.map(({ bytes }) => bytes),
      0.5,
    ),
    ageP50Ms: age(0.5),
    ageP99Ms: age(0.99),
    ageMaxMs: age(1),
    fromCache: answers.filter(({ fromCache }) => fromCache).length / answers.length,
  }
}
