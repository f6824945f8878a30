import type { OperatorSample } from 'porchlight/protocol'
import { amount, clock, orNothing, span } from '../words.ts'

/** What the plots show, one row a minute: for whoever reads rather than looks. */
export function NumbersTable({ samples }: { readonly samples: readonly OperatorSample[] }) {
  const minutes = new Map(samples.map((sample) => [sample.at.slice(0, 16), sample]))
  return (
    <details className="numbers">
      <summary>As a table</summary>
      <div className="table-scroll" role="region" aria-label="The last ten minutes in numbers" tabIndex={0}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">At</th>
              <th scope="col" className="number">
                Users
              </th>
              <th scope="col" className="number">
                Sessions
              </th>
              <th scope="col" className="number">
                Transitions/s
              </th>
              <th scope="col" className="number">
                Half within
              </th>
              <th scope="col" className="number">
                99 of 100 within
              </th>
            </tr>
          </thead>
          <tbody>
            {[...minutes.values()].toReversed().map((sample) => (
              <tr key={sample.at}>
                <th scope="row">{clock(sample.at)}</th>
                <td className="number">{amount(sample.users)}</td>
                <td className="number">{amount(sample.sessions)}</td>
                <td className="number">{amount(sample.transitions_per_s)}</td>
                <td className="number">{orNothing(sample.delay_p50_ms, span)}</td>
                <td className="number">{orNothing(sample.delay_p99_ms, span)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}
