import { type FormEvent, useId, useState } from 'react'

/** Longest message, in Unicode code points (R15). */
const MAX_LENGTH = 100

interface MessageFieldProps {
  readonly saved: string
  readonly onSave: (message: string) => void
}

/** One sentence to the others. Counts code points, as the server does: an emoji may be one of them or several. */
export function MessageField({ saved, onSave }: MessageFieldProps) {
  const id = useId()
  const [text, setText] = useState(saved)
  const [known, setKnown] = useState(saved)
  const [sent, setSent] = useState<string | null>(null)
  const left = MAX_LENGTH - Array.from(text.trim()).length
  const changed = text.trim() !== saved

  if (saved !== known) {
    setKnown(saved)
    // What was typed stays, also when it was refused; only a message that nobody touched follows a change from elsewhere.
    if (text.trim() === known && known !== sent) setText(saved)
  }

  const save = (event: FormEvent): void => {
    event.preventDefault()
    if (!changed || left < 0) return
    setSent(text.trim())
    onSave(text)
  }

  return (
    <form className="menu-field" onSubmit={save}>
      <label htmlFor={id}>Message</label>
      <span className={left < 0 ? 'countdown countdown-over' : 'countdown'} id={`${id}-left`}>
        {left < 0 ? `${-left} too many` : `${left} left`}
      </span>
      <div className="message-row">
        <input
          id={id}
          type="text"
          value={text}
          placeholder="Back at three"
          aria-describedby={`${id}-left`}
          aria-invalid={left < 0}
          data-testid="message-input"
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="button button-secondary" disabled={!changed || left < 0}>
          {saved !== '' && text.trim() === '' ? 'Clear' : 'Save'}
        </button>
      </div>
    </form>
  )
}
