import { PresenceError } from '../domain/errors.ts'
import { SHORT_NAME_LENGTH } from '../domain/short-name.ts'
import type { UserIdCodec } from '../domain/user-id.ts'
import type { ProviderPlace, ProviderQuery } from '../service/verbs.ts'

type Sort = ProviderQuery['sort']
type Position = NonNullable<ProviderPlace['after']>

/**
 * Words how far somebody has read a sorted list, as text that clients hand back and need not understand: the names of those they were
 * shown, one after the other, and behind a dot where the list goes on. What is not a name is the order's first letter.
 */
export function encodeCursor(sort: Sort, { shown, after }: ProviderPlace): string {
  const names = `${sort.charAt(0)}${shown.join('')}`
  if (after === null) return names
  return `${names}.${Buffer.from(JSON.stringify([...after.keys, after.id])).toString('base64url')}`
}

/**
 * The place a cursor names. Only what `encodeCursor` wrote for this order passes, character by character: a cursor is
 * input from outside, and its numbers reach a query.
 *
 * @throws {PresenceError} INVALID_CURSOR
 */
export function decodeCursor(text: string, sort: Sort, codec: UserIdCodec): ProviderPlace {
  const place = read(text, codec)
  if (!place || encodeCursor(sort, place) !== text) {
    throw new PresenceError('INVALID_CURSOR', 'cursor is not one of ours, or belongs to another order.')
  }
  return place
}

function read(text: string, codec: UserIdCodec): ProviderPlace | null {
  const [names = '', position, ...rest] = text.split('.')
  if (rest.length > 0 || !/^[a-z](?:[A-Za-z0-9_-]{8})+$/.test(names)) return null
  const shown = Array.from({ length: (names.length - 1) / SHORT_NAME_LENGTH }, (_, i) =>
    names.slice(1 + i * SHORT_NAME_LENGTH, 1 + (i + 1) * SHORT_NAME_LENGTH),
  )
  if (position === undefined) return { shown, after: null }
  const after = readPosition(position)
  return after && codec.parse(after.id) === after.id ? { shown, after } : null
}

const isFiniteNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

function readPosition(text: string): Position | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (!Array.isArray(value) || value.length !== 3) return null
    const [first, second, id]: unknown[] = value
    return isFiniteNumber(first) && isFiniteNumber(second) && typeof id === 'string'
      ? { keys: [first, second], id }
      : null
  } catch {
    // Not JSON, so not ours.
    return null
  }
}
