import { useConnectionState } from '../presence/react.ts'

/**
 * Says that we lost the server, once that lasts longer than two seconds. The bar lies over the page instead of pushing
 * it down: losing the connection is no reason for everything to jump.
 */
export function ConnectionBar() {
  const lost = useConnectionState() === 'stale'
  return (
    <div className="connection-slot" role="status">
      {lost && (
        <p className="connection-bar" data-testid="connection-bar">
          Reconnecting… What you see may be a little old.
        </p>
      )}
    </div>
  )
}
