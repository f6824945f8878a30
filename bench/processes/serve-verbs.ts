import type { Answer, Question, Verbs } from './verbs.ts'

/** Verbs that every process of a bench understands. */
const OWN_VERBS: Verbs = {
  cpuMs: () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  },
  memory: () => {
    // Twice, because what finalizers let go of is free only then.
    for (let round = 0; round < 2; round++) globalThis.gc?.()
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rssKb: rss / 1_024, heapKb: heapUsed / 1_024, externalKb: external / 1_024 }
  },
}

/** Answers the questions of the process that started this one, and ends with it. */
export function serveVerbs(verbs: Verbs): void {
  const known = { ...OWN_VERBS, ...verbs }
  process.on('message', (question: Question) => void answer(known, question))
  process.on('disconnect', () => process.exit(0))
  // Ctrl-C reaches the whole group; the parent decides what ends when.
  process.on('SIGINT', () => {})
  send({ ready: true })
}

async function answer(verbs: Verbs, { id, verb, args }: Question): Promise<void> {
  try {
    const run = verbs[verb]
    if (!run) throw new Error(`There is no verb ${verb}`)
    send({ id, result: await run(...args) })
  } catch (error) {
    send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
}

function send(answer: Answer): void {
  if (process.connected) process.send?.(answer)
}
