import { usePresence, usePresenceText } from 'porchlight/react'
import type { Provider } from '../api/directory.ts'
import { Link } from '../navigation/link.tsx'
import { Modal } from '../shell/modal.tsx'

interface AskDialogProps {
  readonly provider: Provider
  readonly onClose: () => void
  /** Left out on the person's own page. */
  readonly withLink?: boolean
}

/** Where a real marketplace would open the conversation. The demo says so, and sends nothing. */
export function AskDialog({ provider, onClose, withLink = true }: AskDialogProps) {
  const presence = usePresence(provider.id)
  const words = usePresenceText(presence)
  const { status } = presence
  const firstName = provider.name.split(' ')[0] ?? provider.name
  const title = status === 'online' ? `Ask ${firstName} now` : `Leave ${firstName} a message`
  return (
    <Modal label={title} className="dialog" onClose={onClose}>
      <h2>{title}</h2>
      <p>
        {status === 'online'
          ? `${firstName} is online and would see your question at once.`
          : `${firstName} is not free right now (${words}) and would find your message on coming back.`}
      </p>
      <p className="quiet">
        This is a demonstration: nothing is sent. In a real marketplace the conversation would open here.
      </p>
      <div className="dialog-actions">
        {withLink && (
          <Link to={`/providers/${provider.id}`} className="button button-secondary">
            {`More about ${firstName}`}
          </Link>
        )}
        <button type="button" className="button button-primary" onClick={onClose}>
          All right
        </button>
      </div>
    </Modal>
  )
}
