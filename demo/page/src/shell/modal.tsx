import { type MouseEvent, type ReactNode, useEffect, useRef } from 'react'

interface ModalProps {
  readonly label: string
  readonly className: string
  readonly onClose: () => void
  readonly children: ReactNode
  readonly testId?: string
}

/**
 * A dialog over the page. The browser's own element keeps the focus inside, closes on Escape and gives the focus back
 * to what had opened it, or to the page where that is gone by then; a click beside it closes it, too. Shown as long as it is rendered.
 */
export function Modal({ label, className, onClose, children, testId }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null)

  useEffect(() => {
    const element = dialog.current
    const opener = document.activeElement
    element?.showModal()
    return () => {
      element?.close()
      const back = opener?.isConnected ? opener : document.getElementById('main')
      if (back instanceof HTMLElement) back.focus({ preventScroll: true })
    }
  }, [])

  const clickedBeside = (event: MouseEvent): void => {
    if (event.target === dialog.current) onClose()
  }

  return (
    <dialog
      ref={dialog}
      className={className}
      aria-label={label}
      data-testid={testId}
      onMouseDown={clickedBeside}
      onCancel={(event) => {
        event.preventDefault()
        onClose()
      }}
    >
      <div className="modal-body">{children}</div>
    </dialog>
  )
}
