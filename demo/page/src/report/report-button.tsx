import { useLayoutEffect, useRef } from 'react'
import { usePageServices } from '../page-services.ts'
import { useSignal } from '../state/use-signal.ts'

interface ReportButtonProps {
  readonly userId: string
  readonly name: string
  readonly message: string
  readonly onPress: () => void
}

/** Reports what somebody says. Not for guests, whose word nobody could count, and not about oneself. */
export function ReportButton({ userId, name, message, onPress }: ReportButtonProps) {
  const { session, reported } = usePageServices()
  const identity = useSignal(session.identity)
  const isReported = useSignal(reported.messages).get(userId) === message
  const button = useRef<HTMLButtonElement>(null)
  useFocusPassedOn(button)

  if (identity.phase !== 'in' || identity.person.id === userId) return null
  const label = isReported ? `You reported what ${name} says` : `Report what ${name} says`
  return (
    <button
      ref={button}
      type="button"
      className={isReported ? 'report-button report-done' : 'report-button'}
      aria-label={label}
      aria-haspopup="dialog"
      title={label}
      data-testid="report-button"
      onClick={onPress}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" className="line-icon">
        <path d="M3.5 14V2.5H12L10 5.75 12 9H3.5" />
      </svg>
    </button>
  )
}

/** The message may vanish while somebody is here: they go on from the same person, not from the top of the page. */
function useFocusPassedOn(button: React.RefObject<HTMLButtonElement | null>): void {
  useLayoutEffect(() => {
    const element = button.current
    return () => {
      if (element !== document.activeElement) return
      element?.closest('[data-provider-id]')?.querySelector<HTMLElement>('a, .button')?.focus({ preventScroll: true })
    }
  }, [button])
}
