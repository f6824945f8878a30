interface FailedListProps {
  readonly failed: { readonly message: string; readonly code: string }
  readonly onRetry: () => void
}

/** The list could not be fetched: what happened in a person's words, the code small, and a way on. */
export function FailedList({ failed, onRetry }: FailedListProps) {
  return (
    <section className="notice-panel" role="alert">
      <h2>We could not look down the street</h2>
      <p>{failed.message} Your search is kept; nothing is lost.</p>
      <button type="button" className="button button-primary" onClick={onRetry}>
        Try again
      </button>
      <p className="error-code">Code {failed.code}</p>
    </section>
  )
}
