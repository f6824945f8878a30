import { useConnection } from 'porchlight/react'

/**
 * Says that we lost the server, once that lasts longer than two seconds. Its room is kept free while there is nothing
 * to say: losing the connection is no reason for the page to jump.
 */
export function ConnectionBar() {
  const lost = useConnection().state === 'stale'
  return (
    <div className="connection-slot" role="status">
      {lost && (
        <p className="connection-bar" data-testid="connection-bar">
          Reconnecting… What you see may be old.
        </p>
      )}
    </div>
  )
}
