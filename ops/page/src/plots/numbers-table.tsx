import type { OperatorSample } from 'porchlight/protocol'
import { numbers, Table } from '../shell/table.tsx'
import { amount, clock, orNothing, span } from '../words.ts'

const COLUMNS = [{ title: 'At' }, ...numbers('Users', 'Sessions', 'Transitions/s', 'Half within', '99 of 100 within')]

/** What the plots show, one row a minute: for whoever reads rather than looks. */
export function NumbersTable({ samples }: { readonly samples: readonly OperatorSample[] }) {
  const minutes = new Map(samples.map((sample) => [sample.at.slice(0, 16), sample]))
  return (
    <details className="numbers">
      <summary>As a table</summary>
      <Table label="The last ten minutes in numbers" columns={COLUMNS}>
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
      </Table>
    </details>
  )
}
