import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface PollPlan {
  readonly port: number
  readonly path: string
  /** Each has a connection of its own, which stays. */
  readonly clients: number
  /** How often each of them asks; all together they ask evenly. */
  readonly everyMs: number
  readonly forMs: number
}

/** What was answered to all of them. */
export interface Polled {
  readonly asked: number
  /** Answers that were not what the client had already. */
  readonly news: number
  /** Of bodies. */
  readonly bytes: number
}

interface Answer {
  readonly tag: string
  readonly bytes: number
}

/** Asks as browsers do that compare by the tag of what they have. @throws Error when anything but 200 or 304 is answered */
export async function poll({ port, path, clients, everyMs, forMs }: PollPlan): Promise<Polled> {
  const agents = Array.from({ length: clients }, () => new Agent({ keepAlive: true, maxSockets: 1 }))
  const until = performance.now() + forMs
  let [asked, news, bytes] = [0, 0, 0]

  async function follow(agent: Agent, firstInMs: number): Promise<void> {
    let tag = ''
    let next = performance.now() + firstInMs
    for (; next < until; next += everyMs) {
      await sleep(Math.max(0, next - performance.now()))
      const answer = await ask(port, path, agent, tag)
      asked++
      if (answer.tag !== tag) news++
      bytes += answer.bytes
      tag = answer.tag
    }
  }

  await Promise.all(agents.map((agent, n) => follow(agent, (n * everyMs) / clients)))
  for (const agent of agents) agent.destroy()
  return { asked, news, bytes }
}

function ask(port: number, path: string, agent: Agent, tag: string): Promise<Answer> {
  const headers = tag === '' ? {} : { 'If-None-Match': tag }
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => (bytes += chunk.length))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, headers: said } = response
        if (statusCode === 200 || statusCode === 304) resolve({ tag: said.etag ?? '', bytes })
        else reject(new Error(`${path} was answered with ${statusCode}`))
      })
    })
      .on('error', reject)
      .end()
  })
}
