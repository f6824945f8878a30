import { type KeyboardEvent, useId, useRef, useState } from 'react'

export interface Option {
  readonly id: string
  readonly label: string
  /** A second line of words, such as the country. */
  readonly hint?: string
  readonly count?: number
}

interface ComboboxProps {
  readonly label: string
  readonly value: string
  readonly options: readonly Option[]
  readonly loading?: boolean
  readonly onSearch: (text: string) => void
  readonly onPick: (option: Option) => void
}

/** A text field with suggestions (ARIA combobox with list autocomplete). Leaving it without a pick restores the value. */
export function Combobox({ label, value, options, loading = false, onSearch, onPick }: ComboboxProps) {
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState<string | null>(null)
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(-1)

  const close = (): void => {
    setOpen(false)
    setActive(-1)
    setText(null)
  }
  const reveal = (): void => {
    if (open) return
    setOpen(true)
    onSearch('')
  }
  const pick = (option: Option): void => {
    onPick(option)
    close()
  }
  const move = (to: number): void => {
    const next = options.length === 0 ? -1 : (to + options.length) % options.length
    setActive(next)
    document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: 'nearest' })
  }

  const onKeyDown = (event: KeyboardEvent): void => {
    const chosen = options[active]
    const keys: Record<string, () => void> = {
      ArrowDown: () => (open ? move(active + 1) : reveal()),
      ArrowUp: () => (open ? move(active < 0 ? options.length - 1 : active - 1) : reveal()),
      Enter: () => (open && chosen ? pick(chosen) : undefined),
      Escape: () => close(),
    }
    const act = keys[event.key]
    if (!act || (event.key === 'Escape' && !open)) return
    event.preventDefault()
    act()
  }

  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        ref={input}
        id={id}
        type="text"
        role="combobox"
        autoComplete="off"
        spellCheck={false}
        aria-expanded={open}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={open && active >= 0 ? `${id}-${active}` : undefined}
        value={text ?? value}
        onFocus={(event) => event.target.select()}
        onClick={reveal}
        onBlur={close}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setText(event.target.value)
          setOpen(true)
          setActive(0)
          onSearch(event.target.value)
        }}
      />
      <svg className="field-arrow" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d="m4 6 4 4 4-4" />
      </svg>
      <Suggestions
        id={id}
        label={label}
        open={open}
        options={options}
        active={active}
        loading={loading}
        onPick={pick}
      />
    </div>
  )
}

interface SuggestionsProps {
  readonly id: string
  readonly label: string
  readonly open: boolean
  readonly options: readonly Option[]
  readonly active: number
  readonly loading: boolean
  readonly onPick: (option: Option) => void
}

function Suggestions({ id, label, open, options, active, loading, onPick }: SuggestionsProps) {
  const shown = open ? options : []
  const nothing = open && options.length === 0
  return (
    <div className="suggestions" hidden={!open}>
      <div id={`${id}-list`} role="listbox" aria-label={label} className="suggestions-list">
        {shown.map((option, index) => (
          <div
            key={option.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            tabIndex={-1}
            className="suggestion"
            // Not click: the field's blur would close the list before the click arrives.
            onMouseDown={(event) => {
              event.preventDefault()
              onPick(option)
            }}
          >
            <span className="suggestion-label">{option.label}</span>
            {option.hint && <span className="suggestion-hint">{option.hint}</span>}
            {option.count !== undefined && <span className="suggestion-count">{option.count}</span>}
          </div>
        ))}
      </div>
      <p role="status" className={nothing ? 'suggestions-note' : 'visually-hidden'}>
        {nothing ? (loading ? 'Looking…' : 'Nothing by that name here yet.') : ''}
      </p>
    </div>
  )
}
