import type { Provider } from '../api/directory.ts'
import { useMedia } from '../shell/use-media.ts'

interface EnteringPillProps {
  readonly entering: readonly Provider[]
  readonly leaving: ReadonlySet<string>
  readonly onPress: () => void
}

/** Who came while the list was in use, and waits to be asked in. */
export function EnteringPill({ entering, leaving, onPress }: EnteringPillProps) {
  const isTouch = !useMedia('(hover: hover)')
  // A pointer lets go of the list by itself; a finger has to be asked.
  const isWorthAsking = entering.length > 0 || (isTouch && leaving.size > 0)
  if (!isWorthAsking) return null
  return (
    <button type="button" className="pill" onClick={onPress} data-testid="entering-pill">
      {wordsOf(entering, leaving.size)}
    </button>
  )
}

function wordsOf(entering: readonly Provider[], gone: number): string {
  if (entering.length === 0) return `Put away ${gone} who left`
  const isOnline = entering.every(({ presence }) => presence.online_status === 'online')
  return isOnline ? `${entering.length} more came online` : `${entering.length} more to show`
}
