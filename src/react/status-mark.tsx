import type { Presence } from '../client/contract.ts'
import { BAR, COLOURS, OUTLINES, SHAPES } from './status-shapes.ts'

export interface StatusMarkProps {
  readonly status: Presence['status']
  /** Drawn dashed: it may be out of date. @default false */
  readonly stale?: boolean
  /** CSS pixels; readable from 8. @default 12 */
  readonly size?: number
  /** What it says to who does not see it. Left out, it is decoration, and words stand beside it. */
  readonly label?: string
  readonly className?: string
}

/**
 * The mark of a status, told by its shape and its colour. The colour is `--porchlight-online`, `-away`, `-dnd`,
 * `-offline` or `-unknown` where the page sets it. Only SVG attributes are used, so that a content policy without
 * `unsafe-inline` has nothing to refuse, in HTML from a server either.
 */
export function StatusMark({ status, stale = false, size = 12, label, className }: StatusMarkProps) {
  const dashed = stale && status !== 'unknown'
  return (
    <svg
      className={className}
      data-status={status}
      data-stale={stale || undefined}
      viewBox="0 0 16 16"
      width={size}
      height={size}
      fill={`var(--porchlight-${status}, ${COLOURS[status]})`}
      stroke={dashed ? `var(--porchlight-${status}, ${COLOURS[status]})` : undefined}
      focusable="false"
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {dashed ? <Outline status={status} /> : <path d={SHAPES[status]} fillRule="evenodd" />}
    </svg>
  )
}

function Outline({ status }: { readonly status: keyof typeof OUTLINES }) {
  return (
    <>
      <path
        d={OUTLINES[status]}
        fillOpacity={status === 'offline' ? 0 : 0.35}
        strokeWidth={1.75}
        strokeDasharray="3.4 2.6"
      />
      {status === 'dnd' && <path d={BAR} strokeWidth={2.25} strokeLinecap="round" />}
    </>
  )
}
