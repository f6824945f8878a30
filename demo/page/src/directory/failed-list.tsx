/** What is known to a person of a failure that the service tells its operators in their words. */
const WORDS: Record<string, string> = { STORE_UNAVAILABLE: 'Our list of people does not answer at the moment.' }

interface FailedListProps {
  readonly failed: { readonly message: string; readonly code: string }
  /** The page asks again by itself. */
  readonly isTriedAgain: boolean
  readonly onRetry: () => void
}

/** The list could not be fetched: what happened in a person's words, the code small, and a way on. */
export function FailedList({ failed, isTriedAgain, onRetry }: FailedListProps) {
  return (
    <section className="notice-panel" role="alert" data-testid="failed-list">
      <h2>We could not look down the street</h2>
      <p>
        {WORDS[failed.code] ?? sentence(failed.message)} Your search is kept
        {isTriedAgain ? ', and we look again by ourselves in a moment.' : '; nothing is lost.'}
      </p>
      <button type="button" className="button button-primary" onClick={onRetry}>
        Try again
      </button>
      <p className="error-code">Code {failed.code}</p>
    </section>
  )
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)
