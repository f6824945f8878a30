import type { RequestError } from 'porchlight/client'
import { usePresence } from 'porchlight/react'
import { type FormEvent, useState } from 'react'
import { refusalOf } from '../api/http.ts'
import { Modal } from '../shell/modal.tsx'
import { counted } from './counted.ts'
import type { ReportedOne } from './reported-card.tsx'

interface ClearDialogProps {
  readonly one: ReportedOne
  /** Closes the dialog when it went well. @throws {RequestError} */
  readonly clear: (one: ReportedOne) => Promise<void>
  readonly onClose: () => void
}

/** Asks once more: a message that was taken away cannot be given back. */
export function ClearDialog({ one, clear, onClose }: ClearDialogProps) {
  const { message } = usePresence(one.userId)
  const [isClearing, setClearing] = useState(false)
  const [refusal, setRefusal] = useState<RequestError | null>(null)
  const title = `Clear what ${one.name} says?`

  const go = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (isClearing) return
    setClearing(true)
    setRefusal(null)
    try {
      await clear(one)
    } catch (error) {
      setRefusal(refusalOf(error))
      setClearing(false)
    }
  }
  return (
    <Modal label={title} className="dialog" testId="clear-dialog" onClose={onClose}>
      <form onSubmit={(event) => void go(event)}>
        <h2>{title}</h2>
        {message === null ? (
          <p>They show no message at the moment. One that waits until they are back is taken away, too.</p>
        ) : (
          <p className="report-words">
            <q>{message}</q>
          </p>
        )}
        <p className="quiet">
          {`It vanishes for everybody at once, and their status stays as it is. ${counted(one.count, 'report')} about them ${one.count === 1 ? 'is' : 'are'} settled with it.`}
        </p>
        {refusal && (
          <p className="menu-refused" role="alert" data-testid="refused">
            That did not work. {refusal.message} <span className="error-code">Code {refusal.code}</span>
          </p>
        )}
        <div className="dialog-actions">
          <button type="button" className="button button-secondary" onClick={onClose}>
            Leave it
          </button>
          <button
            type="submit"
            className="button button-primary"
            aria-disabled={isClearing}
            data-testid="clear-message"
          >
            {isClearing ? 'Clearing…' : 'Clear it'}
          </button>
        </div>
      </form>
    </Modal>
  )
}
