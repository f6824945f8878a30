import { type FormEvent, useEffect, useRef } from 'react'

interface SignInProps {
  /** Why nobody is let in any more; null: nobody tried. */
  readonly refused: string | null
  readonly onEnter: (token: string) => void
}

/** The way in, for operators. */
export function SignIn({ refused, onEnter }: SignInProps) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault()
    onEnter(field.current?.value.trim() ?? '')
  }
  return (
    <section className="panel sign-in" data-testid="sign-in">
      <h1>For operators</h1>
      <p className="quiet">
        This page shows who is here and why, so it asks who you are: the operations token, or a token with the role
        operator. If your browser is signed in to this site as one, leave the field empty.
      </p>
      <form onSubmit={submit}>
        <div className="field">
          <label htmlFor="token">Token</label>
          <input
            id="token"
            ref={field}
            type="password"
            autoComplete="off"
            spellCheck={false}
            aria-describedby={refused === null ? undefined : 'refused'}
            aria-invalid={refused !== null}
            data-testid="token"
          />
        </div>
        {refused !== null && (
          <p className="refused" role="alert" id="refused" data-testid="refused">
            {refused}
          </p>
        )}
        <button type="submit" className="button button-primary button-wide">
          Look in
        </button>
      </form>
    </section>
  )
}
