import type { RequestError } from 'porchlight/client'
import { usePresence } from 'porchlight/react'
import { type FormEvent, useId, useState } from 'react'
import { Modal } from '../shell/modal.tsx'
import { useReport } from './use-report.ts'

/** Characters of a reason, as the server counts them. */
const MAX_REASON = 500

interface ReportDialogProps {
  readonly id: string
  readonly name: string
  readonly onClose: () => void
}

/** Tells staff of what somebody says, with a reason if there is one, and says what became of that. */
export function ReportDialog({ id, name, onClose }: ReportDialogProps) {
  const { message } = usePresence(id)
  const [opened] = useState(message)
  const [reason, setReason] = useState('')
  const { phase, refusal, send } = useReport(id, message)
  const reasonId = useId()
  const firstName = name.split(' ')[0] ?? name
  const isGone = phase !== 'done' && (message === null || refusal?.code === 'NOT_FOUND')
  const asks = phase !== 'done' && !isGone

  // One form from the question to the answer: what is pressed keeps the focus.
  const go = (event: FormEvent): void => {
    event.preventDefault()
    if (!asks) onClose()
    else if (phase === 'open' && message !== null) send(message, reason)
  }
  return (
    <Modal label={`Report what ${name} says`} className="dialog" testId="report-dialog" onClose={onClose}>
      <form onSubmit={go}>
        <h2>{asks ? `Report what ${firstName} says` : phase === 'done' ? 'Thank you' : 'It is gone already'}</h2>
        <div role="status">
          {phase === 'done' && (
            <p>{`Staff have your report of what ${firstName} says. Nobody is told that it was yours.`}</p>
          )}
          {isGone && <p>{`${firstName} does not show this message any more, so there is nothing to report.`}</p>}
          {asks && message !== opened && <p>{`${firstName} changed it just now. This is what would be reported:`}</p>}
        </div>
        {asks && (
          <>
            <p className="report-words">
              <q>{message}</q>
            </p>
            <label htmlFor={reasonId} className="report-label">
              What is wrong with it?
            </label>
            <textarea
              id={reasonId}
              className="report-reason"
              rows={3}
              maxLength={MAX_REASON}
              value={reason}
              placeholder="You may leave this empty"
              data-testid="report-reason"
              onChange={(event) => setReason(event.target.value)}
            />
            <p className="quiet">{`Staff look at it. Neither ${firstName} nor they are told who reported it.`}</p>
          </>
        )}
        {asks && refusal && <Refused refusal={refusal} />}
        <div className="dialog-actions">
          {asks && (
            <button type="button" className="button button-secondary" onClick={onClose}>
              Leave it
            </button>
          )}
          <button
            key="go"
            type="submit"
            className="button button-primary"
            aria-disabled={phase === 'sending'}
            data-testid="report-send"
          >
            {!asks ? 'All right' : phase === 'sending' ? 'Reporting…' : 'Report it'}
          </button>
        </div>
      </form>
    </Modal>
  )
}

function Refused({ refusal }: { readonly refusal: RequestError }) {
  return (
    <p className="menu-refused" role="alert" data-testid="refused">
      {refusal.code === 'RATE_LIMITED' ? 'You reported a lot, and this one was not taken. ' : 'That did not work. '}
      {refusal.message} <span className="error-code">Code {refusal.code}</span>
    </p>
  )
}
