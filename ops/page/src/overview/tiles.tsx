import type { OperatorOverview, OperatorSample } from 'porchlight/protocol'
import { amount, NOTHING, orNothing, span } from '../words.ts'

interface TilesProps {
  readonly overview: OperatorOverview
  readonly samples: readonly OperatorSample[]
}

/** The numbers of this moment. */
export function Tiles({ overview, samples }: TilesProps) {
  const { nodes, is_shared } = overview
  const last = samples.at(-1)
  const of = is_shared ? 'on all nodes' : 'on this node'
  // Delays are of those seconds in which anything changed.
  const delay = samples.findLast(({ delay_p99_ms }) => delay_p99_ms !== null)?.delay_p99_ms ?? null
  const lags = (nodes ?? []).flatMap(({ projection_lag_ms }) => (projection_lag_ms === null ? [] : [projection_lag_ms]))
  return (
    <dl className="tiles">
      <Tile name="Users online" value={orNothing(sum(nodes, 'users'), amount)} of={of} testid="users" />
      <Tile name="Sessions" value={orNothing(sum(nodes, 'sessions'), amount)} of={of} />
      <Tile name="Transitions" value={orNothing(sum(nodes, 'transitions_per_s'), amount)} of={`a second, ${of}`} />
      <Tile name="Delivery" value={orNothing(delay, span)} of="99 of 100 within, here" />
      <Tile
        name="PostgreSQL behind"
        value={lags.length > 0 ? span(Math.max(...lags)) : last ? span(last.projection_lag_ms) : NOTHING}
        of={`at most, ${of}`}
      />
    </dl>
  )
}

function Tile({ name, value, of, testid }: { name: string; value: string; of: string; testid?: string }) {
  return (
    <div className="tile" data-testid={testid}>
      <dt>{name}</dt>
      <dd>
        <span className="tile-value">{value}</span> <span className="quiet">{of}</span>
      </dd>
    </div>
  )
}

/** Null when nobody says anything. */
function sum(nodes: OperatorOverview['nodes'], field: 'users' | 'sessions' | 'transitions_per_s'): number | null {
  const values = (nodes ?? []).flatMap((node) => node[field] ?? [])
  return values.length === 0 ? null : values.reduce((total, value) => total + value, 0)
}
