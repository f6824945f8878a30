import { z } from 'zod'
import { PresenceError } from '../../domain/errors.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import type { ClientToServer, WatchRequest } from '../events.ts'
import { omittable } from './omittable.ts'
import { parse } from './parse.ts'
import { parseUserIds } from './user-ids.ts'

const VERSION_SENTENCE = 'known maps user ids to versions, each a string of decimal digits.'

/** The payload of `watch`. */
export const watchShape = z.object(
  {
    users: z.array(z.string({ error: 'users is a list of user ids.' }), { error: 'users is a list of user ids.' }),
    known: omittable(
      z.record(z.string(), z.string({ error: VERSION_SENTENCE }).regex(/^\d{1,20}$/, { error: VERSION_SENTENCE }), {
        error: VERSION_SENTENCE,
      }),
    ),
  },
  { error: 'A watch list is an object with users.' },
) satisfies z.ZodType<WatchRequest>

/** The payload of `unwatch`; nothing at all means everything. */
export const unwatchShape = z.object(
  { watch_id: omittable(z.string({ error: 'watch_id is text.' }).max(128, { error: 'watch_id is too long.' })) },
  { error: 'unwatch takes an object, or nothing.' },
) satisfies z.ZodType<Parameters<ClientToServer['unwatch']>[0]>

/** A watch list as the service takes it: canonical ids, each once. */
export interface ParsedWatch {
  readonly users: readonly string[]
  readonly known: Readonly<Record<string, string>>
}

/**
 * Reads a watch list (R41). Its length is looked at before anything that costs in proportion to it (R53).
 *
 * @throws {PresenceError} LIMIT_EXCEEDED, INVALID_PAYLOAD, INVALID_ID
 */
export function parseWatch(input: unknown, codec: UserIdCodec, maxWatchedUsers: number): ParsedWatch {
  const { length, versions } = sizeOf(input)
  if (length > maxWatchedUsers || versions > maxWatchedUsers) {
    throw new PresenceError('LIMIT_EXCEEDED', `One connection watches at most ${maxWatchedUsers} users.`)
  }
  const { users, known } = parse(watchShape, input, { other: 'INVALID_PAYLOAD' })
  return { users: parseUserIds(users, codec), known: canonicalKeys(known ?? {}, codec) }
}

function sizeOf(input: unknown): { length: number; versions: number } {
  if (typeof input !== 'object' || input === null) return { length: 0, versions: 0 }
  const { users, known } = input as { users?: unknown; known?: unknown }
  return {
    length: Array.isArray(users) ? users.length : 0,
    versions: typeof known === 'object' && known !== null ? Object.keys(known).length : 0,
  }
}

// A version of somebody who cannot exist helps nobody, and harms nobody either.
const canonicalKeys = (known: Readonly<Record<string, string>>, codec: UserIdCodec): Record<string, string> =>
  Object.fromEntries(
    Object.entries(known).flatMap(([key, version]) => {
      const id = codec.parse(key)
      return id === null ? [] : [[id, version]]
    }),
  )

/** @throws {PresenceError} INVALID_PAYLOAD */
export const parseUnwatch = (input: unknown): { watch_id?: string } =>
  parse(unwatchShape, input ?? {}, { other: 'INVALID_PAYLOAD' })
