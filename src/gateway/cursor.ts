import { PresenceError } from '../domain/errors.ts'
import type { UserIdCodec } from '../domain/user-id.ts'
import type { ProviderQuery } from '../service/verbs.ts'

type Sort = ProviderQuery['sort']
type Position = NonNullable<ProviderQuery['after']>

/** Words a place in a sorted list as text that clients hand back and need not understand. */
export const encodeCursor = (sort: Sort, { keys, id }: Position): string =>
  Buffer.from(JSON.stringify({ s: sort, k: keys, i: id })).toString('base64url')

/**
 * The place a cursor names. Only what `encodeCursor` wrote for this order passes, character by character: a cursor is
 * input from outside, and its numbers reach a query.
 *
 * @throws {PresenceError} INVALID_CURSOR
 */
export function decodeCursor(text: string, sort: Sort, codec: UserIdCodec): Position {
  const position = read(text)
  if (!position || codec.parse(position.id) !== position.id || encodeCursor(sort, position) !== text) {
    throw new PresenceError('INVALID_CURSOR', 'cursor is not one of ours, or belongs to another order.')
  }
  return position
}

const isFiniteNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

function read(text: string): Position | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (typeof value !== 'object' || value === null || !('k' in value && 'i' in value)) return null
    const { k, i } = value
    if (!Array.isArray(k) || k.length !== 2 || typeof i !== 'string') return null
    const [first, second]: unknown[] = k
    return isFiniteNumber(first) && isFiniteNumber(second) ? { keys: [first, second], id: i } : null
  } catch {
    // Not JSON, so not ours.
    return null
  }
}
