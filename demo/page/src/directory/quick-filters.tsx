import { Chip, type FiltersProps, StatusChip } from './filters.tsx'
import { filterCount } from './query.ts'

/** On a phone: the two filters most people want, and the way to all others. */
export function QuickFilters({ onOpen, ...filters }: FiltersProps & { readonly onOpen: () => void }) {
  const { query, onChange } = filters
  const on = query ? filterCount(query) : 0
  const isToday = query?.activeWithin === '24h'
  return (
    <div className="quick-filters">
      <button type="button" className="chip" aria-haspopup="dialog" onClick={onOpen}>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" className="line-icon">
          <path d="M2 4.5h12M4.5 8h7M7 11.5h2" />
        </svg>
        Filters
        {on > 0 && <span className="chip-count">{on}</span>}
      </button>
      <StatusChip status="online" {...filters} />
      <Chip on={isToday} onPress={() => onChange({ activeWithin: isToday ? null : '24h' })}>
        Active today
      </Chip>
    </div>
  )
}
