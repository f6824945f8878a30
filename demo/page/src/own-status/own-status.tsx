import { StatusMark, useConnection, useMyPresence, usePresenceWords } from 'porchlight/react'
import { useState } from 'react'
import { usePageServices } from '../page-services.ts'
import { Modal } from '../shell/modal.tsx'
import { useSignal } from '../state/use-signal.ts'
import { Avatar } from '../status/avatar.tsx'
import { useTabMark } from '../status/use-tab-mark.ts'
import { useAddress } from '../navigation/location.ts'
import { StatusMenu } from './status-menu.tsx'

/** The signed-in person's picture and mark at the top right; it opens their menu. */
export function OwnStatus() {
  const { session } = usePageServices()
  const identity = useSignal(session.identity)
  const { presence } = useMyPresence()
  const words = usePresenceWords()
  const stale = useConnection().state === 'stale'
  const [open, setOpen] = useState(false)
  const status = presence?.online_status ?? 'unknown'

  if (identity.phase !== 'in') return <div className="own-status-waiting" />
  const { person } = identity
  const hidden = presence?.show_status === false
  return (
    <>
      <OwnTabMark />
      <button
        type="button"
        className="own-status"
        data-testid="own-status"
        data-status={status}
        aria-haspopup="dialog"
        aria-expanded={open}
        onClick={() => setOpen(true)}
      >
        <span className="visually-hidden">Your status: </span>
        <span className="words">
          {words[status]}
          {hidden && ', hidden'}
        </span>
        <Avatar id={person.id} name={person.name} size="small" status={status} stale={stale} />
      </button>
      {open && (
        <Modal label="Your status" className="menu" testId="status-menu" onClose={() => setOpen(false)}>
          <div className="menu-head">
            <Avatar id={person.id} name={person.name} size="medium" status={status} stale={stale} />
            <div>
              <p className="menu-name">{person.name}</p>
              <p className="menu-now">
                <StatusMark className="mark" status={status} stale={stale} size={12} />
                <span className="words">
                  {words[status]}
                  {hidden && ', hidden from others'}
                </span>
              </p>
            </div>
            <button type="button" className="icon-button" aria-label="Close" onClick={() => setOpen(false)}>
              <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" className="line-icon">
                <path d="m4 4 8 8M12 4l-8 8" />
              </svg>
            </button>
          </div>
          <StatusMenu />
        </Modal>
      )}
    </>
  )
}

/** The browser's tab shows one's own mark, except on a provider's page, which shows theirs. */
function OwnTabMark() {
  return useAddress().startsWith('/providers/') ? null : <ShownTabMark />
}

function ShownTabMark() {
  const { presence } = useMyPresence()
  useTabMark(presence?.online_status ?? 'unknown', useConnection().state === 'stale')
  return null
}
