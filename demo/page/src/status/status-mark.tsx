import type { Status } from '../presence/wire.ts'
import { BAR, OUTLINES, SHAPES } from './shapes.ts'

interface StatusMarkProps {
  readonly status: Status
  readonly stale?: boolean
  /** Pixels, 8 to 24. */
  readonly size?: 8 | 12 | 16 | 20 | 24
}

/** The mark of a status. It says nothing to a screen reader: words always stand beside it. */
export function StatusMark({ status, stale = false, size = 16 }: StatusMarkProps) {
  return (
    <svg
      className={`mark mark-${status}${stale ? ' mark-stale' : ''}`}
      viewBox="0 0 16 16"
      width={size}
      height={size}
      aria-hidden="true"
      focusable="false"
    >
      {stale ? <path d={OUTLINES[status]} className="mark-outline" /> : <path d={SHAPES[status]} fillRule="evenodd" />}
      {stale && status === 'dnd' && <path d={BAR} className="mark-bar" />}
    </svg>
  )
}
