import { type ChangeEvent, useEffect, useState } from 'react'

/** Milliseconds without a key before what was typed counts. */
const TYPING_MS = 250

interface Draft {
  readonly text: string
  /** The value that it replaces. */
  readonly over: string
}

/**
 * The value and listeners of a field whose text counts a moment after the last key, or when it is left. What is decided elsewhere, such
 * as by the back button, is shown.
 *
 * @param meaning what a text says: a blank at its end may be the start of another word, and says nothing yet
 */
export function useTyped(value: string, meaning: (text: string) => string, onTyped: (meant: string) => void) {
  const [draft, setDraft] = useState<Draft | null>(null)
  const isMine = draft !== null && (draft.over === value || meaning(draft.text) === value)
  const text = isMine ? draft.text : value
  const meant = meaning(text)

  const apply = (): void => {
    setDraft({ text, over: meant })
    onTyped(meant)
  }
  const isWaiting = meant !== value
  useEffect(() => {
    if (!isWaiting) return
    const timer = setTimeout(apply, TYPING_MS)
    return () => clearTimeout(timer)
  })

  return {
    value: text,
    onChange: ({ target }: ChangeEvent<HTMLInputElement>) => setDraft({ text: target.value, over: value }),
    onBlur: () => (isWaiting ? apply() : setDraft(null)),
  }
}
