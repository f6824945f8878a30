import { spanText } from '../../domain/explain/words.ts'
import type { NodeState } from '../../store/contract.ts'
import type { ServiceDeps } from '../deps.ts'

export const PARTS = ['store', 'postgres', 'projection', 'decisions', 'comparison', 'nodes'] as const
export type Part = (typeof PARTS)[number]

/** Something that does not work as it should, in a sentence on what follows from it. */
export interface Degraded {
  readonly part: Part
  readonly sentence: string
}

/** Milliseconds by which PostgreSQL may be behind without anybody having to know. */
const LAG_MS = 5_000

/** What this node knows to be degraded now; nothing is asked of anybody. @param nodes null: the store does not answer */
export async function findDegraded(deps: ServiceDeps, nodes: readonly NodeState[] | null): Promise<Degraded[]> {
  const { metrics, pendingDecisions, backlog, history, hot } = deps
  const isPostgresUp = (await metrics.postgresUp.get()).values.every(({ value }) => value === 1)
  const lagMs = history.since(0).at(-1)?.projectionLagMs ?? 0
  const waiting = pendingDecisions.users().length
  return [
    ...storeTrouble(deps, nodes),
    ...when(
      !isPostgresUp,
      'postgres',
      'PostgreSQL does not answer. Who is here goes on being shown; decisions are refused, and searches answer what they found last.',
    ),
    ...when(
      lagMs > LAG_MS,
      'projection',
      `PostgreSQL is ${spanText(lagMs)} behind what is live: lists and searches show what was.`,
    ),
    ...when(
      waiting > 0,
      'decisions',
      `${many(waiting, 'user')} decided something that holds but is not stored yet. It is tried again.`,
    ),
    ...when(
      backlog.unstated.size > 0,
      'comparison',
      `The store has yet to be told about the connections of ${many(backlog.unstated.size, 'user')}.`,
    ),
    ...when(
      backlog.recovery !== null,
      'comparison',
      'The store lost what it knew: whoever PostgreSQL holds as present is brought back, or ended.',
    ),
    ...nodeTrouble(nodes ?? [], hot.now()),
  ]
}

function storeTrouble({ shared, staleAfterMs }: ServiceDeps, nodes: readonly NodeState[] | null): Degraded[] {
  const state = shared?.state()
  if (state?.state === 'lost') {
    const lostMs = Date.now() - state.since
    const shown = lostMs > staleAfterMs ? 'Nothing is shown of anybody any more' : 'What is shown is marked stale'
    return [
      {
        part: 'store',
        sentence: `Redis has not answered for ${spanText(lostMs)}. ${shown}; nobody is announced as offline.`,
      },
    ]
  }
  return when(nodes === null, 'store', 'Redis did not answer just now.')
}

function nodeTrouble(nodes: readonly NodeState[], now: number): Degraded[] {
  return nodes.flatMap(({ nodeId, until, renewedAt }) => {
    if (until === null)
      return [
        {
          part: 'nodes' as const,
          sentence: `Node ${nodeId} is gone since ${spanText(now - renewedAt)}; the sessions that it left are being ended.`,
        },
      ]
    return when(
      until <= now,
      'nodes',
      `The lease of node ${nodeId} ran out ${spanText(now - until)} ago; the others are about to take its sessions over.`,
    )
  })
}

const when = (is: boolean, part: Part, sentence: string): Degraded[] => (is ? [{ part, sentence }] : [])

const many = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`
