import type { ReactNode } from 'react'
import type { Presence } from '../client/contract.ts'
import { usePresence } from './use-presence.ts'
import { usePresenceText } from './use-presence-text.ts'
import { goneAt } from './words.ts'

export interface LastSeenProps {
  readonly userId: string
  /** @default the provider's */
  readonly locale?: string
  readonly className?: string
  /** Shows it in the host's own way. */
  readonly render?: (text: string, presence: Presence) => ReactNode
}

/** "online", "last seen 5 minutes ago": a user's status in words, kept right as time passes. */
export function LastSeen({ userId, locale, className, render }: LastSeenProps) {
  const presence = usePresence(userId)
  const text = usePresenceText(presence, locale)
  if (render) return render(text, presence)
  if (goneAt(presence) === null) return <span className={className}>{text}</span>
  return (
    <time className={className} dateTime={presence.lastSeen ?? ''}>
      {text}
    </time>
  )
}
