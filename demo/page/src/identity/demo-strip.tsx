import { useState } from 'react'
import { usePageServices } from '../page-services.ts'
import { Modal } from '../shell/modal.tsx'
import { useSignal } from '../state/use-signal.ts'
import { PersonPicker } from './person-picker.tsx'

const ROLE_WORDS = { client: 'a client', provider: 'a provider', staff: 'a member of staff' } as const

/** The demo's own strip: who one is here, and how to be somebody else. Without it the page is a real one. */
export function DemoStrip() {
  const { session } = usePageServices()
  const identity = useSignal(session.identity)
  const [open, setOpen] = useState(false)

  return (
    <aside className="demo-strip" data-testid="demo-strip" aria-label="Demo">
      <span className="demo-tag">Demo</span>
      {identity.phase === 'in' && (
        <span className="demo-words">
          You are viewing as <strong>{identity.person.name}</strong>, {ROLE_WORDS[identity.person.role]}
        </span>
      )}
      {identity.phase === 'starting' && <span className="demo-words">Choosing somebody for you to be…</span>}
      {identity.phase === 'guest' && (
        <span className="demo-words">
          {identity.reason ? `${identity.reason} ` : ''}You are looking as a guest, not live
        </span>
      )}
      <button
        type="button"
        className="demo-switch"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
        data-testid="demo-switch"
      >
        {identity.phase === 'guest' ? 'sign in' : 'switch'}
      </button>
      {open && (
        <Modal label="Be somebody else" className="dialog dialog-tall" onClose={() => setOpen(false)}>
          <PersonPicker onDone={() => setOpen(false)} />
        </Modal>
      )}
    </aside>
  )
}
