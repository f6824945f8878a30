import { PresenceError } from '../../domain/errors.ts'
import type { NodeState } from '../../store/contract.ts'
import type { Sample } from '../../telemetry/history.ts'
import type { ServiceDeps } from '../deps.ts'
import { type Degraded, findDegraded } from './degraded.ts'

/** How the system is, as one node sees it. */
export interface Overview {
  readonly nodeId: string
  /** Epoch milliseconds of the store's clock. */
  readonly at: number
  /** Whether other nodes can share the store. */
  readonly isShared: boolean
  /** Of this node alone, oldest first. */
  readonly samples: readonly Sample[]
  /** Null: the store does not answer. */
  readonly nodes: readonly NodeState[] | null
  readonly degraded: readonly Degraded[]
}

/** @param after only newer samples, by node: what whoever asks has already. Epoch milliseconds */
export async function overview(deps: ServiceDeps, after: ReadonlyMap<string, number>): Promise<Overview> {
  const { hot, shared, history } = deps
  const nodeId = hot.nodeId()
  const nodes = shared === null ? [alone(deps)] : await nodesOf(shared)
  return {
    nodeId,
    at: hot.now(),
    isShared: shared !== null,
    samples: history.since(after.get(nodeId) ?? 0),
    nodes,
    degraded: await findDegraded(deps, nodes),
  }
}

async function nodesOf(shared: NonNullable<ServiceDeps['shared']>): Promise<NodeState[] | null> {
  try {
    return await shared.nodes()
  } catch (error) {
    if (error instanceof PresenceError && error.retryable) return null
    throw error
  }
}

/** One process has no lease: it is there as long as it answers. */
function alone({ hot, history }: ServiceDeps): NodeState {
  const now = hot.now()
  return {
    nodeId: hot.nodeId(),
    isOwn: true,
    schema: null,
    renewedAt: now,
    until: Number.POSITIVE_INFINITY,
    report: history.since(0).at(-1) ?? null,
  }
}
