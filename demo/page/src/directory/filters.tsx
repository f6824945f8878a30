import { StatusMark } from 'porchlight/react'
import type { ReactNode } from 'react'
import type { Counts } from '../api/directory.ts'
import { type DirectoryQuery, PRESENT_STATUSES, type PresentStatus, type Sort } from './query.ts'

export interface FiltersProps {
  readonly query: DirectoryQuery | null
  readonly counts: Counts | null
  readonly onChange: (part: Partial<DirectoryQuery>) => void
}

const STATUS_CHIPS: Record<PresentStatus, string> = {
  online: 'Online now',
  away: 'Away too',
  dnd: 'Do not disturb too',
}

const SORT_CHIPS: readonly (readonly [sort: Sort, label: string])[] = [
  ['availability', 'Who answers first'],
  ['last_seen', 'Last seen'],
  ['rating', 'Rating'],
  ['price', 'Price'],
]

/** Everything that narrows or orders the list. Beside it on a wide screen, in a sheet on a phone. */
export function Filters({ query, counts, onChange }: FiltersProps) {
  return (
    <div className="filters">
      <fieldset>
        <legend>Home right now</legend>
        {PRESENT_STATUSES.map((status) => (
          <StatusChip key={status} status={status} query={query} counts={counts} onChange={onChange} />
        ))}
      </fieldset>
      <fieldset>
        <legend>Here lately</legend>
        <Chip on={query?.lastSeen === '1h'} onPress={() => onChange({ lastSeen: query?.lastSeen ? null : '1h' })}>
          Seen this hour
        </Chip>
        <Chip
          on={query?.activeWithin === '24h'}
          onPress={() => onChange({ activeWithin: query?.activeWithin ? null : '24h' })}
        >
          Active today
        </Chip>
      </fieldset>
      <fieldset>
        <legend>In order of</legend>
        {SORT_CHIPS.map(([sort, label]) => (
          <Chip key={sort} on={query?.sort === sort} onPress={() => onChange({ sort })}>
            {label}
          </Chip>
        ))}
      </fieldset>
    </div>
  )
}

export function StatusChip({ status, query, counts, onChange }: FiltersProps & { readonly status: PresentStatus }) {
  const on = query?.statuses.includes(status) ?? false
  return (
    <Chip
      on={on}
      count={counts ? counts[status] : null}
      onPress={() => onChange({ statuses: toggled(query?.statuses ?? [], status) })}
    >
      <StatusMark className="mark" status={status} size={12} />
      {STATUS_CHIPS[status]}
    </Chip>
  )
}

/** "Away too" means online and away: without online there is nothing for the "too" to add to. */
function toggled(statuses: readonly PresentStatus[], status: PresentStatus): PresentStatus[] {
  const next = new Set(statuses)
  if (next.has(status)) {
    if (status === 'online') return []
    next.delete(status)
  } else next.add(status).add('online')
  return PRESENT_STATUSES.filter((candidate) => next.has(candidate))
}

interface ChipProps {
  readonly on: boolean
  readonly onPress: () => void
  /** Null keeps the place of a number that is still to come. */
  readonly count?: number | null
  readonly children: ReactNode
}

function Chip({ on, onPress, count, children }: ChipProps) {
  return (
    <button type="button" className="chip" aria-pressed={on} onClick={onPress}>
      <span className="chip-label">{children}</span>
      {count !== undefined && <span className="chip-count">{count ?? '–'}</span>}
    </button>
  )
}
