import { useEffect } from 'react'
import type { Service } from '../api/directory.ts'
import { explain } from '../api/http.ts'
import { usePageServices } from '../page-services.ts'
import { EmptyStreet } from './empty-street.tsx'
import { EnteringPill } from './entering-pill.tsx'
import { FailedList } from './failed-list.tsx'
import { PeopleList } from './people-list.tsx'
import { type DirectoryQuery, PAGE_SIZE } from './query.ts'
import { SkeletonCard } from './skeleton-card.tsx'
import { StaleNote } from './stale-note.tsx'
import type { Directory } from './use-directory.ts'
import { useInUse } from './use-in-use.ts'
import { useWantedCard, type WantedCard } from './use-wanted-card.ts'

export interface ProviderListProps {
  readonly query: DirectoryQuery | null
  readonly directory: Directory
  readonly service: Service | null
  readonly city: string
  readonly onChange: (part: Partial<DirectoryQuery>) => void
}

interface Failure {
  readonly message: string
  readonly code: string
}

/** The people, or what there is to say in their place. */
export function ProviderList({
  failed,
  onRetry,
  ...list
}: ProviderListProps & { readonly failed: Failure | null; readonly onRetry: () => void }) {
  const { directory } = list
  const wanted = useWantedCard()
  const { isInUse, listeners } = useInUse()
  useHold(directory, isInUse)
  useEntranceAnnounced(directory)

  const bringIn = (): void => {
    const first = directory.entering[0]?.id
    wanted.current = (cards) => cards.find(({ id }) => id === first)
    directory.bringIn()
  }
  return (
    <div className="list" aria-busy={directory.status === 'loading'} {...listeners}>
      <h2 className="visually-hidden">People</h2>
      <StaleNote directory={directory} />
      <div className="pill-slot">
        <EnteringPill entering={directory.entering} leaving={directory.leaving} onPress={bringIn} />
      </div>
      <Content {...list} failed={failed ?? failureOf(directory)} onRetry={onRetry} wanted={wanted} />
    </div>
  )
}

/** What was shown before the failure stays: the note says how old it is. */
const failureOf = ({ status, answers, error }: Directory): Failure | null =>
  status === 'failed' && answers !== 'this' ? explain(error) : null

function Content({
  failed,
  onRetry,
  wanted,
  ...list
}: ProviderListProps & {
  readonly failed: Failure | null
  readonly onRetry: () => void
  readonly wanted: WantedCard
}) {
  const { directory, query } = list
  if (failed) {
    const again = (): void => {
      onRetry()
      directory.retry()
    }
    return <FailedList failed={failed} isTriedAgain={directory.error?.retryable ?? true} onRetry={again} />
  }
  if (directory.providers.length > 0) {
    return <PeopleList {...list} wanted={wanted} />
  }
  // Whoever was there before was not asked for this.
  if (!query || directory.answers !== 'this') return <Skeletons />
  return <EmptyStreet {...list} query={query} />
}

/** While the list is in use no card moves; what somebody asked for just now comes in all the same. */
function useHold({ hold, status }: Directory, isInUse: boolean): void {
  const isHeld = isInUse && status !== 'loading'
  useEffect(() => (isHeld ? hold() : undefined), [isHeld, hold])
}

function useEntranceAnnounced({ entering }: Directory): void {
  const { announcements } = usePageServices()
  const count = entering.length
  useEffect(() => {
    if (count > 0) announcements.post('entering', () => `${count} more to show`)
  }, [count, announcements])
}

function Skeletons() {
  return (
    <>
      <p className="visually-hidden" role="status">
        Looking who is home…
      </p>
      <ul className="cards" aria-hidden="true" data-testid="skeletons">
        {Array.from({ length: PAGE_SIZE }, (_, index) => (
          <SkeletonCard key={index} />
        ))}
      </ul>
    </>
  )
}
