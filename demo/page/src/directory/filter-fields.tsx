import { useId } from 'react'
import { type Bounds, MAX_NAME_LENGTH, readBound, SORTS, type Sort } from './query.ts'
import { useTyped } from './use-typed.ts'

const WITHIN_WORDS: Record<string, string> = {
  '15m': '15 minutes',
  '1h': 'an hour',
  '24h': 'a day',
  '7d': 'a week',
}

interface WithinFieldProps<Within extends string> {
  readonly label: string
  readonly value: Within | null
  readonly options: readonly Within[]
  readonly onPick: (picked: Within | null) => void
}

/** How far back to look. */
export function WithinField<Within extends string>({ label, value, options, onPick }: WithinFieldProps<Within>) {
  const id = useId()
  return (
    <div className="filter-field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={value ?? ''}
        onChange={({ target }) => onPick(options.find((option) => option === target.value) ?? null)}
      >
        <option value="">any time</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {WITHIN_WORDS[option]}
          </option>
        ))}
      </select>
    </div>
  )
}

const SORT_WORDS: Record<Sort, string> = {
  availability: 'who answers first',
  last_seen: 'last seen',
  rating: 'best rating',
  price: 'lowest price',
}

interface SortFieldProps {
  readonly value: Sort
  readonly onPick: (picked: Sort) => void
}

export function SortField({ value, onPick }: SortFieldProps) {
  const id = useId()
  return (
    <div className="filter-field filter-order">
      <label htmlFor={id}>In order of</label>
      <select
        id={id}
        value={value}
        onChange={({ target }) => onPick(SORTS.find((sort) => sort === target.value) ?? value)}
      >
        {SORTS.map((sort) => (
          <option key={sort} value={sort}>
            {SORT_WORDS[sort]}
          </option>
        ))}
      </select>
    </div>
  )
}

interface NameFieldProps {
  readonly value: string
  readonly onChange: (typed: string) => void
}

export function NameField({ value, onChange }: NameFieldProps) {
  const id = useId()
  const typed = useTyped(value, (text) => text.trim(), onChange)
  return (
    <div className="filter-field">
      <label htmlFor={id}>Part of the name</label>
      <input
        id={id}
        type="search"
        autoComplete="off"
        spellCheck={false}
        maxLength={MAX_NAME_LENGTH}
        placeholder="any"
        {...typed}
      />
    </div>
  )
}

interface BoundsFieldsProps {
  readonly label: string
  readonly value: Bounds
  readonly step: number
  readonly most?: number
  readonly onChange: (bounds: Bounds) => void
}

/** From and to; either may be empty. */
export function BoundsFields({ label, value, step, most, onChange }: BoundsFieldsProps) {
  const id = useId()
  const min = useTyped(textOf(value.min), meaningOf, (text) => onChange({ ...value, min: readBound(text) }))
  const max = useTyped(textOf(value.max), meaningOf, (text) => onChange({ ...value, max: readBound(text) }))
  const number = { type: 'number', inputMode: 'decimal', min: 0, max: most, step } as const
  return (
    <div className="filter-field" role="group" aria-labelledby={id}>
      <span id={id} className="filter-label">
        {label}
      </span>
      <div className="bounds">
        <input {...number} {...min} aria-label={`${label}, at least`} placeholder="from" />
        <input {...number} {...max} aria-label={`${label}, at most`} placeholder="to" />
      </div>
    </div>
  )
}

const meaningOf = (text: string): string => textOf(readBound(text))

const textOf = (bound: number | null): string => (bound === null ? '' : String(bound))
