import { StatusMark } from 'porchlight/react'
import type { ReactNode } from 'react'
import type { Counts } from '../api/directory.ts'
import { BoundsFields, NameField, SortField, WithinField } from './filter-fields.tsx'
import {
  ACTIVE_WITHIN,
  type DirectoryQuery,
  filterCount,
  LAST_SEEN_WITHIN,
  NO_FILTERS,
  PRESENT_STATUSES,
  type PresentStatus,
} from './query.ts'

export interface FiltersProps {
  readonly query: DirectoryQuery | null
  /** By status; of nothing else does anybody know how many there are. */
  readonly counts: Counts | null
  readonly onChange: (part: Partial<DirectoryQuery>) => void
}

const STATUS_CHIPS: Record<PresentStatus, string> = {
  online: 'Online now',
  away: 'Away too',
  dnd: 'Do not disturb too',
}

/** Before anybody knows where to look. */
const UNKNOWN = { ...NO_FILTERS, sort: 'availability' } as const

/** Everything that narrows or orders the list. Beside it on a wide screen, in a sheet on a phone. */
export function Filters({ query, counts, onChange }: FiltersProps) {
  const { lastSeen, activeWithin, name, price, rating, sort } = query ?? UNKNOWN
  return (
    <div className="filters">
      <fieldset>
        <legend>Home right now</legend>
        {PRESENT_STATUSES.map((status) => (
          <StatusChip key={status} status={status} query={query} counts={counts} onChange={onChange} />
        ))}
      </fieldset>
      <SortField value={sort} onPick={(picked) => onChange({ sort: picked })} />
      <fieldset>
        <legend>Here lately</legend>
        <WithinField
          label="Seen within"
          value={lastSeen}
          options={LAST_SEEN_WITHIN}
          onPick={(picked) => onChange({ lastSeen: picked })}
        />
        <WithinField
          label="Active within"
          value={activeWithin}
          options={ACTIVE_WITHIN}
          onPick={(picked) => onChange({ activeWithin: picked })}
        />
      </fieldset>
      <fieldset>
        <legend>Who they are</legend>
        <NameField value={name} onChange={(typed) => onChange({ name: typed })} />
        <BoundsFields
          label="Price, € an hour"
          value={price}
          step={5}
          onChange={(bounds) => onChange({ price: bounds })}
        />
        <BoundsFields
          label="Rating"
          value={rating}
          step={0.5}
          most={5}
          onChange={(bounds) => onChange({ rating: bounds })}
        />
      </fieldset>
      {query && filterCount(query) > 0 && (
        <button type="button" className="button button-quiet clear-filters" onClick={() => onChange(NO_FILTERS)}>
          Clear the filters
        </button>
      )}
    </div>
  )
}

export function StatusChip({ status, query, counts, onChange }: FiltersProps & { readonly status: PresentStatus }) {
  const on = query?.statuses.includes(status) ?? false
  return (
    <Chip
      on={on}
      count={counts ? counts[status] : null}
      testId={`chip-${status}`}
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
  readonly testId?: string
  readonly children: ReactNode
}

export function Chip({ on, onPress, count, testId, children }: ChipProps) {
  return (
    <button type="button" className="chip" aria-pressed={on} onClick={onPress} data-testid={testId}>
      <span className="chip-label">{children}</span>
      {count !== undefined && <span className="chip-count">{count ?? '–'}</span>}
    </button>
  )
}
