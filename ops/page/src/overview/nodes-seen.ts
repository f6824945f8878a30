import type { OperatorOverview, OperatorSample } from 'porchlight/protocol'

/** What this page knows: the last answer, and the samples of every node that answered. */
export interface Seen {
  readonly latest: OperatorOverview
  readonly samples: ReadonlyMap<string, readonly OperatorSample[]>
}

/** Milliseconds of samples that are shown, as long as a node keeps them. */
const SHOWN_MS = 600_000
/** Nodes whose samples are kept: more than anybody has behind one address. */
const MAX_NODES = 64

/** Takes an answer in. Behind a balancer each may come from another node. */
export function takeIn(before: Seen | null, latest: OperatorOverview): Seen {
  const { node_id: node, samples: newer } = latest
  const known = before?.samples.get(node) ?? []
  const from = Date.parse(latest.at) - SHOWN_MS
  const lastAt = known.at(-1)?.at ?? ''
  const all = [...known, ...newer.filter(({ at }) => at > lastAt)].filter(({ at }) => Date.parse(at) > from)
  const others = [...(before?.samples ?? [])].filter(
    ([other, samples]) => other !== node && Date.parse(samples.at(-1)?.at ?? '') > from,
  )
  return { latest, samples: new Map([...others.slice(-MAX_NODES), [node, all]]) }
}

/** Up to when samples are had, by node: what the server need not send again. */
export const knownUpTo = (seen: Seen | null): ReadonlyMap<string, number> =>
  new Map(
    [...(seen?.samples ?? [])].flatMap(([node, samples]) => {
      const last = samples.at(-1)
      return last === undefined ? [] : [[node, Date.parse(last.at)] as const]
    }),
  )
