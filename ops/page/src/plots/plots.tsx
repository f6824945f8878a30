import type { OperatorSample } from 'porchlight/protocol'
import { useState } from 'react'
import { amount, span } from '../words.ts'
import { NumbersTable } from './numbers-table.tsx'
import { Plot } from './plot.tsx'

interface PlotsProps {
  readonly samples: ReadonlyMap<string, readonly OperatorSample[]>
  /** The node that answered last. */
  readonly latest: string
}

/** The last ten minutes of one node. Behind a balancer several answer: then it can be chosen whose are shown. */
export function Plots({ samples, latest }: PlotsProps) {
  const [chosen, setChosen] = useState(latest)
  const node = samples.has(chosen) ? chosen : latest
  const shown = samples.get(node) ?? []
  return (
    <section className="panel" aria-labelledby="history" data-testid="plots">
      <div className="panel-head">
        <h2 id="history">The last ten minutes</h2>
        {samples.size > 1 ? (
          <label className="node-choice">
            of node{' '}
            <select value={node} onChange={(event) => setChosen(event.target.value)} data-testid="node-choice">
              {[...samples.keys()].toSorted().map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        ) : (
          <p className="quiet">of node {node}</p>
        )}
      </div>
      {shown.length < 2 ? (
        <p className="quiet" data-testid="no-samples">
          This node has just begun: it takes a sample every two seconds.
        </p>
      ) : (
        <>
          <Charts samples={shown} />
          <NumbersTable samples={shown} />
        </>
      )}
    </section>
  )
}

function Charts({ samples }: { readonly samples: readonly OperatorSample[] }) {
  const times = samples.map(({ at }) => Date.parse(at) / 1_000)
  const line = (label: string, colour: string, dashed: boolean, read: (sample: OperatorSample) => number | null) => ({
    label,
    colour,
    dashed,
    values: samples.map(read),
  })
  return (
    <div className="plots">
      <Plot
        title="Users online"
        times={times}
        word={amount}
        top={5}
        lines={[
          line('users', '--online', false, ({ users }) => users),
          line('sessions', '--away', true, ({ sessions }) => sessions),
        ]}
      />
      <Plot
        title="Transitions per second"
        times={times}
        word={amount}
        top={1}
        lines={[line('transitions', '--amber-ink', false, (sample) => sample.transitions_per_s)]}
      />
      <Plot
        title="Delivery latency"
        times={times}
        word={span}
        top={5}
        lines={[
          line('half within', '--online', false, (sample) => sample.delay_p50_ms),
          line('99 of 100 within', '--dnd', true, (sample) => sample.delay_p99_ms),
        ]}
      />
    </div>
  )
}
