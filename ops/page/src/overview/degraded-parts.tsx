import type { OperatorOverview } from 'porchlight/protocol'

const NAMES: Readonly<Record<string, string>> = {
  store: 'Live store',
  postgres: 'PostgreSQL',
  projection: 'Projection',
  decisions: 'Decisions',
  comparison: 'Comparison',
  nodes: 'Nodes',
}

/** What does not work as it should, and what follows from it; told aloud when it changes. */
export function DegradedParts({ degraded, draining }: Pick<OperatorOverview, 'degraded' | 'draining'>) {
  const isWell = degraded.length === 0 && !draining
  return (
    <div className="degraded" role="status" data-testid="degraded">
      {isWell ? (
        <p className="well">
          <svg className="line-icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
            <path d="M5 12.5l4.5 4.5L19 7.5" />
          </svg>
          Nothing is degraded.
        </p>
      ) : (
        <ul>
          {draining && (
            <Part name="This node" sentence="It is about to stop: its connections are moved to the others." />
          )}
          {degraded.map(({ part, sentence }) => (
            <Part key={sentence} name={NAMES[part] ?? part} sentence={sentence} />
          ))}
        </ul>
      )}
    </div>
  )
}

function Part({ name, sentence }: { readonly name: string; readonly sentence: string }) {
  return (
    <li className="degraded-part">
      <svg className="line-icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
        <path d="M12 3.5l9.5 16.5h-19zM12 10v4.5M12 17.2v.1" />
      </svg>
      <span>
        <strong>{name}.</strong> {sentence}
      </span>
    </li>
  )
}
