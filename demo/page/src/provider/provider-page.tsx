import { PresenceDot, usePresence, usePresenceText } from 'porchlight/react'
import { useState } from 'react'
import type { Provider } from '../api/directory.ts'
import { Rating } from '../directory/rating.tsx'
import { Link } from '../navigation/link.tsx'
import { ReportButton } from '../report/report-button.tsx'
import { ReportDialog } from '../report/report-dialog.tsx'
import { NothingHere } from '../shell/nothing-here.tsx'
import { Avatar } from '../status/avatar.tsx'
import { TITLE_MARKS } from '../status/title-marks.ts'
import { useTabMark, useTitle } from '../status/use-tab-mark.ts'
import { AskDialog } from './ask-dialog.tsx'
import { useProvider } from './use-provider.ts'

interface ProviderPageProps {
  readonly id: string
  /** The address of the list they were found in. */
  readonly street: string
}

/** One person's own page, with their presence large. */
export function ProviderPage({ id, street }: ProviderPageProps) {
  const { provider, failure, retry } = useProvider(id)
  if (failure?.missing) return <NothingHere />
  if (failure && !provider) {
    return (
      <section className="notice-panel page-narrow" role="alert">
        <h1>This door does not open right now</h1>
        <p>{failure.message}</p>
        <button type="button" className="button button-primary" onClick={retry}>
          Try again
        </button>
        <p className="error-code">Code {failure.code}</p>
      </section>
    )
  }
  return (
    <div className="page-narrow">
      <BackLink street={street} />
      {provider ? <Profile provider={provider} /> : <ProfileSkeleton />}
    </div>
  )
}

function BackLink({ street }: Pick<ProviderPageProps, 'street'>) {
  return (
    <Link to={street} className="back-link">
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" className="line-icon">
        <path d="m9.5 3.5-4.5 4.5 4.5 4.5" />
      </svg>
      Back to the street
    </Link>
  )
}

function Profile({ provider }: { readonly provider: Provider }) {
  const { id, name } = provider
  const presence = usePresence(id)
  const { status, message, stale } = presence
  const [asking, setAsking] = useState(false)
  const [reporting, setReporting] = useState(false)
  useTitle(`${TITLE_MARKS[status]} ${name} · Porchlight`)
  useTabMark(status, stale)

  return (
    <article
      className="profile"
      data-testid="provider-page"
      data-provider-id={id}
      data-name={name}
      data-status={status}
      data-stale={stale}
    >
      <header className="profile-head">
        <Avatar id={id} name={name} size="large" status={status} stale={stale} />
        <div>
          <h1>{name}</h1>
          <p className="quiet">
            {provider.services.join(', ') || provider.service} in {provider.city}, {provider.country}
            {provider.simulated && <span className="tag">simulated</span>}
          </p>
        </div>
      </header>
      <div className={`presence-panel presence-${status}`}>
        <PresenceDot userId={id} label={null} size={24} className="mark" />
        <div>
          <p className="presence-words">
            {usePresenceText(presence)}
            {stale && <span className="stale-words"> (may be old)</span>}
          </p>
          {message ? (
            <div className="said">
              <q className="presence-message">{message}</q>
              <ReportButton userId={id} name={name} message={message} onPress={() => setReporting(true)} />
            </div>
          ) : (
            <p className="presence-message">{HINTS[status]}</p>
          )}
        </div>
        <button
          type="button"
          className={status === 'online' ? 'button button-primary' : 'button button-secondary'}
          onClick={() => setAsking(true)}
        >
          {status === 'online' ? 'Ask now' : 'Leave a message'}
        </button>
      </div>
      <p className="profile-about">{provider.about}</p>
      <dl className="facts">
        <div>
          <dt>Rating</dt>
          <dd>
            <Rating rating={provider.rating} reviews={provider.reviews} />
          </dd>
        </div>
        <div>
          <dt>Price</dt>
          <dd>€{provider.price} an hour</dd>
        </div>
        <div>
          <dt>Works in</dt>
          <dd>{provider.city}</dd>
        </div>
      </dl>
      {asking && <AskDialog provider={provider} onClose={() => setAsking(false)} withLink={false} />}
      {reporting && <ReportDialog id={id} name={name} onClose={() => setReporting(false)} />}
    </article>
  )
}

const HINTS = {
  online: 'Answers right now.',
  away: 'Here, but not at the screen.',
  dnd: 'Here, but busy. A message waits until they are free.',
  offline: 'Not here right now. A message waits until they are back.',
  unknown: 'We do not know right now. A message waits for them.',
} as const

function ProfileSkeleton() {
  return (
    <div className="profile skeleton" aria-busy="true">
      <header className="profile-head">
        <span className="avatar avatar-large" />
        <div>
          <h1>
            <span className="bone bone-wide">&nbsp;</span>
          </h1>
          <p className="quiet">
            <span className="bone">&nbsp;</span>
          </p>
        </div>
      </header>
      <div className="presence-panel">
        <span className="bone bone-full">&nbsp;</span>
      </div>
    </div>
  )
}
