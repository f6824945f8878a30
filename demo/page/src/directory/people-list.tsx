import { useMemo, useRef, useState } from 'react'
import type { Provider, Service } from '../api/directory.ts'
import { AskDialog } from '../provider/ask-dialog.tsx'
import { ReportDialog } from '../report/report-dialog.tsx'
import { REDUCED_MOTION, useMedia } from '../shell/use-media.ts'
import { moveAmongCards } from './card-keys.ts'
import { ProviderCard } from './provider-card.tsx'
import type { ProviderListProps } from './provider-list.tsx'
import { MAX_WINDOW, PAGE_SIZE } from './query.ts'
import { useFurtherCards } from './use-further-cards.ts'
import { useSoftCards } from './use-soft-cards.ts'
import { useWantedFocus, type WantedCard } from './use-wanted-card.ts'

interface PeopleListProps extends Pick<ProviderListProps, 'query' | 'directory' | 'service' | 'onChange'> {
  readonly wanted: WantedCard
}

/** The cards, and the way to more of them. */
export function PeopleList({ query, directory, service, onChange, wanted }: PeopleListProps) {
  const [asked, setAsked] = useState<Provider | null>(null)
  const [reportedOne, setReportedOne] = useState<Provider | null>(null)
  const watched = useSoftCards(directory.providers, useMedia(REDUCED_MOTION))
  const further = useFurtherCards(query, watched.cards, directory.nextCursor)
  const cards = useMemo(() => [...watched.cards, ...further.cards], [watched.cards, further.cards])
  const isLoading = directory.answers === 'shorter' || further.isLoading
  const list = useRef<HTMLUListElement>(null)
  useWantedFocus(wanted, list, cards)

  const showMore = (): void => {
    if (!query || isLoading) return
    const before = new Set(cards.map(({ id }) => id))
    wanted.current = (now) => now.find(({ id }) => !before.has(id))
    if (query.limit < MAX_WINDOW) onChange({ limit: query.limit + PAGE_SIZE })
    else further.fetchMore()
  }
  return (
    <>
      {/* Keys only move the focus; every card has its own link and button. */}
      <ul
        ref={list}
        className={directory.answers === 'before' ? 'cards cards-waiting' : 'cards'}
        aria-label="People"
        onKeyDown={moveAmongCards}
      >
        {cards.map((provider) => (
          <ProviderCard
            key={provider.id}
            provider={provider}
            trade={tradeOf(provider, service)}
            isFading={watched.fading.has(provider.id)}
            isGone={directory.leaving.has(provider.id)}
            onAsk={setAsked}
            onReport={setReportedOne}
          />
        ))}
      </ul>
      {(isLoading || further.cursor !== null) && (
        <button type="button" className="button button-quiet show-more" aria-disabled={isLoading} onClick={showMore}>
          {isLoading ? 'Looking…' : further.hasFailed ? 'That did not work. Try again' : 'Show more'}
        </button>
      )}
      {asked && <AskDialog provider={asked} onClose={() => setAsked(null)} />}
      {reportedOne && <ReportDialog {...reportedOne} onClose={() => setReportedOne(null)} />}
    </>
  )
}

/** What they are shown for: the service that was searched, if they offer it. */
const tradeOf = (provider: Provider, service: Service | null): string =>
  service && provider.services.includes(service.name) ? service.name : provider.service
