import { useCallback, useRef, useState } from 'react'
import type { Api, Refusal } from '../api.ts'
import { Plots } from '../plots/plots.tsx'
import { useLooks } from '../shell/use-looks.ts'
import { clock } from '../words.ts'
import { DegradedParts } from './degraded-parts.tsx'
import { knownUpTo, type Seen, takeIn } from './nodes-seen.ts'
import { NodesTable } from './nodes-table.tsx'
import { Tiles } from './tiles.tsx'

/** Milliseconds between two looks: as often as a node takes a sample. */
const EVERY_MS = 2_000

interface OverviewPanelProps {
  readonly api: Api
  readonly onRefused: (why: string) => void
}

/** How the system is, as the node sees it that answers. */
export function OverviewPanel({ api, onRefused }: OverviewPanelProps) {
  const [seen, setSeen] = useState<Seen | null>(null)
  const kept = useRef<Seen | null>(null)
  const look = useCallback(
    async (signal: AbortSignal) => {
      const answer = await api.overview(knownUpTo(kept.current), signal)
      kept.current = takeIn(kept.current, answer)
      setSeen(kept.current)
    },
    [api],
  )
  const { refusal, again } = useLooks(look, EVERY_MS, onRefused)

  if (seen === null) return refusal ? <Failed refusal={refusal} onRetry={again} /> : <Waiting />
  const { latest } = seen
  return (
    <section className="overview" data-testid="overview" data-stale={refusal !== null || undefined}>
      <div className="overview-head">
        <h1>How it is</h1>
        <p className="quiet" data-testid="said-by">
          As node <span className="node-name">{latest.node_id}</span> sees it, at {clock(latest.at)}
        </p>
      </div>
      <p className="old-slot" role="status">
        {refusal && (
          <span className="old" data-testid="old">
            What you see is from {clock(latest.at)}. {refusal.message}{' '}
            <span className="error-code">Code {refusal.code}</span>
          </span>
        )}
      </p>
      {/* Whether all is well is not known while nobody answers. */}
      {refusal === null && <DegradedParts degraded={latest.degraded} draining={latest.draining} />}
      <Tiles overview={latest} samples={seen.samples.get(latest.node_id) ?? []} />
      <Plots samples={seen.samples} latest={latest.node_id} />
      <NodesTable overview={latest} />
    </section>
  )
}

function Waiting() {
  return (
    <section className="overview" aria-busy="true">
      <h1>How it is</h1>
      <p className="quiet" role="status">
        Asking the node…
      </p>
      <div className="tiles" aria-hidden="true">
        {['a', 'b', 'c', 'd', 'e'].map((key) => (
          <div key={key} className="tile tile-empty" />
        ))}
      </div>
    </section>
  )
}

function Failed({ refusal, onRetry }: { readonly refusal: Refusal; readonly onRetry: () => void }) {
  return (
    <section className="panel" role="alert" data-testid="failed">
      <h1>No answer</h1>
      <p>{refusal.message} This page tries again by itself.</p>
      <button type="button" className="button button-primary" onClick={onRetry}>
        Try again
      </button>
      <p className="error-code">Code {refusal.code}</p>
    </section>
  )
}
