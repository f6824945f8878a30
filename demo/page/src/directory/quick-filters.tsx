import { type FiltersProps, StatusChip } from './filters.tsx'
import { filterCount } from './query.ts'

/** On a phone: the one filter most people want, and the way to all others. */
export function QuickFilters({ onOpen, ...filters }: FiltersProps & { readonly onOpen: () => void }) {
  const on = filters.query ? filterCount(filters.query) : 0
  return (
    <div className="quick-filters">
      <StatusChip status="online" {...filters} />
      <button type="button" className="chip" aria-haspopup="dialog" onClick={onOpen}>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" className="line-icon">
          <path d="M2 4.5h12M4.5 8h7M7 11.5h2" />
        </svg>
        Filters and order
        {on > 0 && <span className="chip-count">{on}</span>}
      </button>
    </div>
  )
}
