import type { OperatorSession } from 'porchlight/protocol'
import { StatusMark } from 'porchlight/react'
import { clock } from '../words.ts'

const MARKS = { active: 'online', idle: 'away', grace: 'online', 'node-lost': 'unknown' } as const

/** The sessions that keep somebody here. */
export function Sessions({ sessions }: { readonly sessions: readonly OperatorSession[] }) {
  return (
    <section aria-labelledby="sessions">
      <h4 id="sessions">Sessions</h4>
      {sessions.length === 0 ? (
        <p className="quiet">No session of theirs is live.</p>
      ) : (
        <ul className="sessions">
          {sessions.map((session) => (
            <Session key={session.id} session={session} />
          ))}
        </ul>
      )}
    </section>
  )
}

function Session({ session }: { readonly session: OperatorSession }) {
  const { state, sentence, node_id, device_type, device_name, network, connected_at } = session
  const place = [device_name ?? device_type, network, node_id && `node ${node_id}`].filter(Boolean).join(' · ')
  return (
    <li className="session" data-state={state} data-testid="session">
      <StatusMark status={MARKS[state]} stale={state === 'grace'} size={16} />
      <div>
        <p>{sentence}</p>
        <p className="quiet">
          {place} · connected at {clock(connected_at)}
        </p>
      </div>
    </li>
  )
}
