import { useRoster } from 'porchlight/react'
import { type RefObject, useState } from 'react'
import type { Provider, Service } from '../api/directory.ts'
import { usePageServices } from '../page-services.ts'
import { AskDialog } from '../provider/ask-dialog.tsx'
import type { DirectoryState } from './directory-store.ts'
import { EmptyStreet } from './empty-street.tsx'
import { FailedList } from './failed-list.tsx'
import type { Listing } from './listing.ts'
import { ProviderCard } from './provider-card.tsx'
import { PAGE_SIZE, type DirectoryQuery } from './query.ts'
import { SkeletonCard } from './skeleton-card.tsx'

interface ProviderListProps {
  readonly listRef: RefObject<HTMLDivElement | null>
  readonly state: DirectoryState
  readonly failed: { readonly message: string; readonly code: string } | null
  readonly service: Service | null
  readonly city: string
  readonly onChange: (part: Partial<DirectoryQuery>) => void
  readonly onRetry: () => void
}

/** The people, or what there is to say in their place. */
export function ProviderList({ listRef, state, failed, service, city, onChange, onRetry }: ProviderListProps) {
  const { directory } = usePageServices()
  const [asked, setAsked] = useState<Provider | null>(null)
  const { listing, loading } = state

  if (failed) {
    const again = (): void => {
      onRetry()
      void directory.retry()
    }
    return <FailedList failed={failed} onRetry={again} />
  }
  if (!listing || (loading && listing.shown.length === 0)) return <Skeletons />
  if (listing.shown.length === 0) {
    return (
      <EmptyStreet
        query={state.query}
        counts={listing.latest.counts}
        service={service}
        city={city}
        onChange={onChange}
      />
    )
  }
  return (
    <div className="list" ref={listRef} aria-busy={loading}>
      <h2 className="visually-hidden">People</h2>
      <div className="pill-slot" role="status">
        {listing.entering.length > 0 && <EnteringPill listing={listing} onPress={() => directory.bringIn()} />}
      </div>
      {(state.behind || listing.latest.stale) && (
        <p className="list-note" role="status">
          This list may be a little old. We keep trying.
        </p>
      )}
      <ul className={loading ? 'cards cards-waiting' : 'cards'}>
        {listing.shown.map((provider) => (
          <ProviderCard
            key={provider.id}
            provider={provider}
            trade={service && provider.services.includes(service.name) ? service.name : provider.service}
            leaving={listing.leaving.has(provider.id)}
            onAsk={setAsked}
          />
        ))}
      </ul>
      {listing.nextCursor && (
        <button
          type="button"
          className="button button-quiet show-more"
          aria-disabled={state.loadingMore}
          onClick={() => void directory.showMore()}
        >
          {state.loadingMore ? 'Looking…' : 'Show more'}
        </button>
      )}
      {asked && <AskDialog provider={asked} onClose={() => setAsked(null)} />}
    </div>
  )
}

function EnteringPill({ listing, onPress }: { readonly listing: Listing; readonly onPress: () => void }) {
  const count = listing.entering.length
  const online = useRoster(listing.entering.map(({ id }) => id)).every(({ status }) => status === 'online')
  const words = online ? `${count} more came online` : `${count} more to show`
  return (
    <button type="button" className="pill" onClick={onPress} data-testid="entering-pill">
      {words}
    </button>
  )
}

function Skeletons() {
  return (
    <div className="list" aria-busy="true">
      <p className="visually-hidden" role="status">
        Looking who is home…
      </p>
      <ul className="cards" aria-hidden="true">
        {Array.from({ length: PAGE_SIZE }, (_, index) => (
          <SkeletonCard key={index} />
        ))}
      </ul>
    </div>
  )
}
