import type { OperatorNode, OperatorOverview } from 'porchlight/protocol'
import { numbers, Table } from '../shell/table.tsx'
import { amount, clock, NOTHING, orNothing, span } from '../words.ts'

const STATES: Record<OperatorNode['state'], string> = {
  live: 'live',
  overdue: 'lease ran out',
  gone: 'gone',
}

const COLUMNS = [
  { title: 'Node' },
  { title: 'State' },
  { title: 'Lease' },
  ...numbers('Users', 'Sessions', 'Transitions/s', 'PostgreSQL behind'),
]

/** All nodes there are, by their leases. */
export function NodesTable({ overview }: { readonly overview: OperatorOverview }) {
  const { nodes, at, is_shared } = overview
  return (
    <section className="panel" aria-labelledby="nodes">
      <h2 id="nodes">Nodes</h2>
      {!is_shared && (
        <p className="quiet">There is one process, which keeps presence in its memory. It has no lease.</p>
      )}
      {nodes === null ? (
        <p data-testid="no-nodes">Redis does not answer: which nodes there are is not known.</p>
      ) : (
        <Table label="All nodes" columns={COLUMNS} testId="nodes">
          {nodes.map((node) => (
            <Row key={node.node_id} node={node} now={Date.parse(at)} />
          ))}
        </Table>
      )}
    </section>
  )
}

function Row({ node, now }: { readonly node: OperatorNode; readonly now: number }) {
  const { node_id, is_own, state, users, sessions, transitions_per_s, projection_lag_ms } = node
  return (
    <tr data-state={state}>
      <th scope="row">
        <span className="node-name">{node_id}</span>
        {is_own && <span className="tag">answers</span>}
      </th>
      <td>
        <span className={`state state-${state}`}>{STATES[state]}</span>
      </td>
      <td>{leaseWords(node, now)}</td>
      <td className="number">{orNothing(users, amount)}</td>
      <td className="number">{orNothing(sessions, amount)}</td>
      <td className="number">{orNothing(transitions_per_s, amount)}</td>
      <td className="number">{orNothing(projection_lag_ms, span)}</td>
    </tr>
  )
}

function leaseWords({ state, lease_renewed_at: renewedAt, lease_until: until }: OperatorNode, now: number): string {
  if (renewedAt === null) return NOTHING
  if (state === 'gone' || until === null) return `last known to live at ${clock(renewedAt)}`
  const left = Date.parse(until) - now
  return left > 0 ? `renewed ${span(Math.max(0, now - Date.parse(renewedAt)))} ago` : `ran out ${span(-left)} ago`
}
