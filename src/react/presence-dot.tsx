import { memo, type ReactNode } from 'react'
import type { Presence } from '../client/contract.ts'
import { StatusMark } from './status-mark.tsx'
import { usePresence } from './use-presence.ts'
import { usePresenceWords } from './use-presence-words.ts'
import { markLabel } from './words.ts'

export interface PresenceDotProps {
  readonly userId: string
  /** CSS pixels; readable from 8. @default 12 */
  readonly size?: number
  /** Whose it is, said before the status: "Marta: online". Null: decoration, because words stand beside it. */
  readonly label?: string | null
  readonly className?: string
  /** Draws it in the host's own way. @param words what a screen reader should hear; empty for decoration */
  readonly render?: (presence: Presence, words: string) => ReactNode
}

/** A user's status as a mark that lives. Watches them while it is shown; one that changes renders alone. */
export const PresenceDot = /* @__PURE__ */ memo(function PresenceDot(props: PresenceDotProps) {
  const { userId, size, label, className, render } = props
  const presence = usePresence(userId)
  const words = usePresenceWords()
  const said = label === null ? '' : markLabel(presence.status, presence.stale, words, label)
  if (render) return render(presence, said)
  return (
    <StatusMark
      status={presence.status}
      stale={presence.stale}
      {...(said === '' ? {} : { label: said })}
      {...(size === undefined ? {} : { size })}
      {...(className === undefined ? {} : { className })}
    />
  )
})
