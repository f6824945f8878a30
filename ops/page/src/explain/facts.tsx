import type { PresenceExplanation } from 'porchlight/protocol'
import { clock } from '../words.ts'

/** What they chose, and what they let others know. */
export function Facts({ explanation }: { readonly explanation: PresenceExplanation }) {
  const { choice, visibility } = explanation
  if (choice === null || visibility === null) return null
  const { status, message, expires_at: until } = choice
  return (
    <dl className="facts">
      <dt>Choice</dt>
      <dd>
        {status === null ? 'follows activity' : status}
        {message !== null && (
          <>
            , says <q>{message}</q>
          </>
        )}
        {until !== null && `, until ${until.slice(0, 10)} ${clock(until)}`}
      </dd>
      <dt>Visibility</dt>
      <dd>
        {visibility.show_online_status
          ? `status for ${visibility.status_audience}, last seen for ${visibility.last_seen_audience}${visibility.coarse_last_seen ? ', as a quarter of a day' : ''}`
          : 'hidden from everybody'}
        {visibility.blocked_viewers > 0 && `; blocks ${visibility.blocked_viewers}`}
      </dd>
    </dl>
  )
}
