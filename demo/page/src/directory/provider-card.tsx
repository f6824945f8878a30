import { usePresence, usePresenceText } from 'porchlight/react'
import { memo } from 'react'
import type { Provider } from '../api/directory.ts'
import { Link } from '../navigation/link.tsx'
import { ReportButton } from '../report/report-button.tsx'
import { Avatar } from '../status/avatar.tsx'
import { Rating } from './rating.tsx'

interface ProviderCardProps {
  readonly provider: Provider
  /** What they are shown for: the service that was searched, if they offer it. */
  readonly trade: string
  /** It fades out right now, and cannot be reached any more. */
  readonly isFading: boolean
  /** Who this is was not asked for any more, and stays while the list is in use. */
  readonly isGone: boolean
  readonly onAsk: (provider: Provider) => void
  readonly onReport: (provider: Provider) => void
}

/** One person. The card has the same height whatever is known of them, so a change never moves its neighbours. */
export const ProviderCard = memo(function ProviderCard(props: ProviderCardProps) {
  const { provider, trade, isFading, isGone, onAsk, onReport } = props
  const { id, name, city } = provider
  const presence = usePresence(id)
  const { status, message, stale } = presence
  const online = status === 'online'

  return (
    <li
      className={['card', isFading && 'card-leaving', isGone && 'card-gone'].filter(Boolean).join(' ')}
      inert={isFading}
      data-testid="provider-card"
      data-provider-id={id}
      data-name={name}
      data-status={status}
      data-stale={stale}
    >
      <div className="card-top">
        <Avatar id={id} name={name} size="medium" status={status} stale={stale} />
        <div className="card-who">
          <h3 className="card-name">
            <Link to={`/providers/${id}`} className="card-link">
              {name}
            </Link>
          </h3>
          <p className="card-facts">
            {trade}, {city}
            {provider.simulated && <span className="tag">simulated</span>}
          </p>
          <p className={`card-status status-${status}`}>
            {usePresenceText(presence)}
            {stale && <span className="visually-hidden"> (may be old)</span>}
          </p>
        </div>
      </div>
      {message ? (
        <div className="said">
          <q className="card-words card-message">{message}</q>
          <ReportButton userId={id} name={name} message={message} onPress={() => onReport(provider)} />
        </div>
      ) : (
        <p className="card-words">{provider.about}</p>
      )}
      <div className="card-foot">
        <p className="card-facts">
          <Rating rating={provider.rating} reviews={provider.reviews} />
          <span className="price">€{provider.price} an hour</span>
        </p>
        <button
          type="button"
          className={online ? 'button button-primary' : 'button button-secondary'}
          onClick={() => onAsk(provider)}
        >
          {online ? 'Ask now' : 'Leave a message'}
          <span className="visually-hidden">, {name}</span>
        </button>
      </div>
    </li>
  )
})
