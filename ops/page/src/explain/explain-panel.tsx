import { type FormEvent, useState } from 'react'
import type { Api } from '../api.ts'
import { Explained } from './explained.tsx'

/** Of whom is asked, and as whom they are looked at, if anybody. */
interface Asked {
  readonly userId: string
  readonly viewerId: string
  /** Grows with each time that it is asked. */
  readonly round: number
}

interface ExplainPanelProps {
  readonly api: Api
  readonly onRefused: (why: string) => void
}

/** Why one user is shown as they are. */
export function ExplainPanel({ api, onRefused }: ExplainPanelProps) {
  const [asked, setAsked] = useState<Asked | null>(null)
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const field = (name: string): string => {
      const value = form.get(name)
      return typeof value === 'string' ? value.trim() : ''
    }
    setAsked((before) => ({ userId: field('user'), viewerId: field('viewer'), round: (before?.round ?? 0) + 1 }))
  }
  return (
    <section className="panel explain" aria-labelledby="explain">
      <h2 id="explain">Why is somebody shown as they are?</h2>
      <p className="quiet">
        The rule that decides, in words. This is personal data: each look at somebody is a line of the log, which does
        not say who it was.
      </p>
      <form className="explain-form" onSubmit={submit}>
        <div className="field">
          <label htmlFor="user">User id</label>
          <input id="user" name="user" required autoComplete="off" spellCheck={false} data-testid="user" />
        </div>
        <div className="field">
          <label htmlFor="viewer">As seen by (optional)</label>
          <input id="viewer" name="viewer" autoComplete="off" spellCheck={false} data-testid="viewer" />
        </div>
        <button type="submit" className="button button-primary" data-testid="explain">
          Explain
        </button>
      </form>
      {asked && (
        <Explained
          key={`${asked.userId} ${asked.viewerId} ${asked.round}`}
          api={api}
          {...asked}
          onRefused={onRefused}
        />
      )}
    </section>
  )
}
