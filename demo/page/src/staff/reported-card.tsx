import { usePresence, useTimeAgo } from 'porchlight/react'
import { Link } from '../navigation/link.tsx'
import { useProvider } from '../provider/use-provider.ts'
import { Avatar } from '../status/avatar.tsx'
import { counted } from './counted.ts'
import type { ReportedMessage, ReportedPerson } from './group-reports.ts'

/** Somebody who was reported, with their name. */
export type ReportedOne = ReportedPerson & { readonly name: string }

interface ReportedCardProps {
  readonly person: ReportedPerson
  readonly onClear: (one: ReportedOne) => void
}

/** One person: what was reported of them, what they say now, and what can be done about it. */
export function ReportedCard({ person, onClear }: ReportedCardProps) {
  const { userId, count, messages } = person
  const { provider } = useProvider(userId)
  const { status, message, stale } = usePresence(userId)
  const name = provider?.name ?? 'Somebody'
  return (
    <li className="reported" data-testid="reported-card" data-provider-id={userId} data-name={name}>
      <div className="reported-head">
        <Avatar id={userId} name={name} size="small" status={status} stale={stale} />
        <div>
          <h2 className="reported-name">{provider ? <Link to={`/providers/${userId}`}>{name}</Link> : name}</h2>
          <p className="quiet">{provider ? `${provider.service} in ${provider.city}` : 'No provider of the street'}</p>
        </div>
        <p className="reported-count">{counted(count, 'report')}</p>
      </div>
      {messages.map((reported) => (
        <Reported key={reported.message} reported={reported} isShown={reported.message === message} />
      ))}
      <div className="reported-foot">
        <ShownNow message={message} isReported={messages.some((reported) => reported.message === message)} />
        <button
          type="button"
          className="button button-secondary"
          aria-haspopup="dialog"
          onClick={() => onClear({ ...person, name })}
        >
          Clear
          <span className="visually-hidden">{` what ${name} says`}</span>
        </button>
      </div>
    </li>
  )
}

interface ReportedProps {
  readonly reported: ReportedMessage
  readonly isShown: boolean
}

function Reported({ reported, isShown }: ReportedProps) {
  const { message, count, since, reasons } = reported
  const ago = useTimeAgo(since)
  return (
    <div className="reported-message">
      <p className="reported-words">
        <q>{message}</q>
        {isShown && <span className="tag">shown now</span>}
      </p>
      <p className="quiet">{`Reported by ${count === 1 ? 'one person' : `${count} people`}, first ${ago}`}</p>
      {reasons.length > 0 && (
        <ul className="reported-reasons" aria-label="Reasons">
          {reasons.map((reason, index) => (
            <li key={index}>{reason}</li>
          ))}
        </ul>
      )}
    </div>
  )
}

function ShownNow({ message, isReported }: { readonly message: string | null; readonly isReported: boolean }) {
  if (message === null) return <p className="quiet">They show no message at the moment.</p>
  if (isReported) return <p className="quiet">Everybody who may see them sees it.</p>
  return (
    <p className="quiet">
      They say something else by now: <q>{message}</q>
    </p>
  )
}
