import type { Presence } from 'porchlight/client'
import { StatusMark } from 'porchlight/react'

const TONES = 8

interface AvatarProps {
  readonly id: string
  readonly name: string
  readonly size: 'small' | 'medium' | 'large'
  readonly status?: Presence['status'] | undefined
  readonly stale?: boolean
}

const MARK_SIZES = { small: 12, medium: 16, large: 24 } as const

/** A person's picture: their initials on a colour of their own, with the status mark at the corner. */
export function Avatar({ id, name, size, status, stale = false }: AvatarProps) {
  return (
    <span className={`avatar avatar-${size} tone-${toneOf(id)}`} aria-hidden="true">
      <span className="avatar-initials">{initialsOf(name)}</span>
      {status && (
        <span className="avatar-mark">
          <StatusMark className="mark" status={status} stale={stale} size={MARK_SIZES[size]} />
        </span>
      )}
    </span>
  )
}

/** The same person has the same colour everywhere. FNV-1a, because ids of one run often differ in a single digit. */
function toneOf(id: string): number {
  let hash = 0x811c9dc5
  for (const character of id) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return (hash >>> 0) % TONES
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/)
  const first = Array.from(words[0] ?? '')[0] ?? '?'
  const last = words.length > 1 ? (Array.from(words.at(-1) ?? '')[0] ?? '') : ''
  return (first + last).toUpperCase()
}
