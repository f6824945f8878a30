import type { PresenceExplanation, PresenceInfo } from 'porchlight/protocol'
import { StatusMark } from 'porchlight/react'
import { clock } from '../words.ts'
import { statusWords } from './status-words.ts'

/** What each audience is told, and the viewer who was asked about. */
export function Told({ explanation }: { readonly explanation: PresenceExplanation }) {
  const { views, viewer } = explanation
  if (views === null) return null
  return (
    <section aria-labelledby="told">
      <h4 id="told">What is told of them</h4>
      <ul className="told">
        <Row to="Themself" info={views.own} />
        <Row to="Contacts" info={views.contact} />
        <Row to="Strangers" info={views.stranger} />
        {viewer && <Row to="That viewer" info={viewer.presence} why={viewer.sentence} testid="told-viewer" />}
      </ul>
    </section>
  )
}

interface RowProps {
  readonly to: string
  readonly info: PresenceInfo
  readonly why?: string
  readonly testid?: string
}

function Row({ to, info, why, testid }: RowProps) {
  const { online_status: status, last_seen: seen, custom_message: message } = info
  return (
    <li className="told-row" data-testid={testid}>
      <span className="told-to">{to}</span>
      <span className="told-status">
        <StatusMark status={status} size={16} /> {statusWords(status)}
      </span>
      <span className="quiet">
        {seen === null ? 'last seen not told' : `last seen ${seen.slice(0, 10)} ${clock(seen)}`}
        {message !== undefined && (
          <>
            {', says '}
            <q>{message}</q>
          </>
        )}
      </span>
      {why && <span className="told-why">{why}</span>}
    </li>
  )
}
