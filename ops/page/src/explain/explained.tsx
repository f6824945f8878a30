import type { OperatorReason, PresenceExplanation } from 'porchlight/protocol'
import { StatusMark } from 'porchlight/react'
import { useCallback, useState } from 'react'
import type { Api } from '../api.ts'
import { useLooks } from '../shell/use-looks.ts'
import { clock } from '../words.ts'
import { Facts } from './facts.tsx'
import { Sessions } from './sessions.tsx'
import { statusWords } from './status-words.ts'
import { Told } from './told.tsx'

/** Milliseconds between two looks at somebody. */
const EVERY_MS = 5_000

interface ExplainedProps {
  readonly api: Api
  readonly userId: string
  readonly viewerId: string
  readonly onRefused: (why: string) => void
}

/** One user's presence, explained again and again while it is looked at. */
export function Explained({ api, userId, viewerId, onRefused }: ExplainedProps) {
  const [explanation, setExplanation] = useState<PresenceExplanation | null>(null)
  const look = useCallback(
    async (signal: AbortSignal) => setExplanation(await api.explain(userId, viewerId, signal)),
    [api, userId, viewerId],
  )
  const { refusal, again } = useLooks(look, EVERY_MS, onRefused)
  return (
    <div className="explained" data-testid="explained" data-stale={refusal !== null || undefined}>
      {refusal && (
        <p className="refused" role="alert" data-testid="explain-refused">
          {refusal.message} <span className="error-code">Code {refusal.code}</span>{' '}
          <button type="button" className="text-button" onClick={again}>
            Look again
          </button>
        </p>
      )}
      {explanation ? (
        <Answer explanation={explanation} />
      ) : (
        !refusal && (
          <p className="quiet" role="status">
            Looking…
          </p>
        )
      )}
    </div>
  )
}

function Answer({ explanation }: { readonly explanation: PresenceExplanation }) {
  const { status, cause, notes, sessions, at, node_id, receipt } = explanation
  return (
    <>
      <div className="cause">
        <StatusMark status={status ?? 'unknown'} size={32} />
        <div role="status">
          <h3 className="cause-status" data-testid="status">
            {statusWords(status)}
          </h3>
          <p className="cause-words" data-testid="cause" data-rule={cause.rule}>
            {cause.sentence}
          </p>
        </div>
      </div>
      {notes.length > 0 && (
        <ul className="notes" aria-label="What else plays a part" data-testid="notes">
          {notes.map((note) => (
            <Note key={note.rule} note={note} />
          ))}
        </ul>
      )}
      <Told explanation={explanation} />
      <Sessions sessions={sessions} />
      <Facts explanation={explanation} />
      <p className="quiet said" data-testid="receipt">
        Said by node <span className="node-name">{node_id}</span> at {clock(at)}; rule {cause.rule}. Receipt of this
        look: <span className="receipt">{receipt}</span>
      </p>
    </>
  )
}

function Note({ note }: { readonly note: OperatorReason }) {
  return (
    <li className="note" data-rule={note.rule} data-trouble={note.is_trouble || undefined}>
      <svg className="line-icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
        <path
          d={
            note.is_trouble
              ? 'M12 3.5l9.5 16.5h-19zM12 10v4.5M12 17.2v.1'
              : 'M12 4a8 8 0 1 0 0 16a8 8 0 0 0 0-16M12 11v5M12 8v.1'
          }
        />
      </svg>
      <span>
        {note.is_trouble && <strong>Behind: </strong>}
        {note.sentence}
      </span>
    </li>
  )
}
