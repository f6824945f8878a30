import { NODE_REPORT_FIELDS, type NodeDirectory, type NodeReport, type NodeState } from '../node-contract.ts'
import type { Keys } from './keys.ts'
import type { Link } from './link.ts'
import type { NodeLease } from './node-lease.ts'

export interface NodeReportsOptions {
  readonly link: Link
  readonly keys: Keys
  readonly lease: Pick<NodeLease, 'nodeId' | 'isOwnName'>
}

/** Milliseconds for which what a node said of itself is kept: some times as long as it takes to say it again. */
const TOLD_MS = 10_000

/** What nodes say of themselves, beside their leases: for people, nothing is decided by it. */
export function createNodeReports({ link, keys, lease }: NodeReportsOptions): NodeDirectory {
  async function reportsOf(nodeIds: readonly string[]): Promise<(NodeReport | null)[]> {
    const [first, ...others] = nodeIds.map(keys.report)
    if (first === undefined) return []
    const texts = (await link.send(first, 'MGET', first, ...others)) as (string | null)[]
    return texts.map((text) => (text === null ? null : readReport(text)))
  }

  async function tellReport(report: NodeReport): Promise<void> {
    const key = keys.report(lease.nodeId())
    await link.send(key, 'SET', key, JSON.stringify(report), 'PX', String(TOLD_MS))
  }

  async function nodes(): Promise<NodeState[]> {
    const leases = pairs(await link.send(keys.leases, 'HGETALL', keys.leases))
    const graves = pairs(await link.send(keys.graves, 'HGETALL', keys.graves))
    const reports = await reportsOf(leases.map(([nodeId]) => nodeId))
    const gone = graves.filter(([nodeId]) => !leases.some(([other]) => other === nodeId))
    return [
      ...leases.map(([nodeId, text], i) => ({ ...living(nodeId, text), report: reports[i] ?? null })),
      ...gone.map(([nodeId, at]) => ({ nodeId, schema: null, renewedAt: Number(at), until: null, report: null })),
    ].map((node): NodeState => ({ ...node, isOwn: lease.isOwnName(node.nodeId) }))
  }

  return { tellReport, nodes }
}

/** A reply of HGETALL: names and values in turn. */
const pairs = (reply: unknown): [name: string, value: string][] =>
  (reply as string[]).flatMap((name, i, all): [string, string][] => (i % 2 === 0 ? [[name, all[i + 1] ?? '']] : []))

/** Another version may say something else: then nothing is known. */
function readReport(text: string): NodeReport | null {
  const given = JSON.parse(text) as Record<string, unknown>
  return NODE_REPORT_FIELDS.every((field) => typeof given[field] === 'number') ? (given as unknown as NodeReport) : null
}

/** @param text '<schema> <renewed at> <until>' */
function living(nodeId: string, text: string): Pick<NodeState, 'nodeId' | 'schema' | 'renewedAt' | 'until'> {
  const [schema = 0, renewedAt = 0, until = 0] = text.split(' ').map(Number)
  return { nodeId, schema, renewedAt, until }
}
