import { z } from 'zod'
import { PresenceError } from '../../domain/errors.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import { parse } from './parse.ts'

/** Most ids that one batch read takes. */
const MAX_BATCH_IDS = 200

const IDS_SENTENCE = 'ids is one parameter: user ids, separated by commas.'

/** The query of GET /api/users/presence. */
export const batchQueryShape = z.object({
  ids: z
    .string({ error: IDS_SENTENCE })
    .min(1, { error: IDS_SENTENCE })
    .meta({ description: `At most ${MAX_BATCH_IDS} user ids, separated by commas. Unknown ones are left out.` }),
})

/**
 * The canonical form of an id from outside.
 *
 * @throws {PresenceError} INVALID_ID
 */
export function parseUserId(text: string, codec: UserIdCodec): string {
  const id = codec.parse(text)
  if (id === null) throw new PresenceError('INVALID_ID', `A user id has the form ${formOf(codec)}.`)
  return id
}

const formOf = ({ sqlType }: UserIdCodec): string => (sqlType === 'uuid' ? 'of a UUID' : 'of a positive whole number')

/** Canonical ids in the order given, each once. @throws {PresenceError} INVALID_ID */
export const parseUserIds = (texts: readonly string[], codec: UserIdCodec): string[] => [
  ...new Set(texts.map((text) => parseUserId(text, codec))),
]

/**
 * Reads the ids of a batch read.
 *
 * @throws {PresenceError} INVALID_QUERY, LIMIT_EXCEEDED, INVALID_ID
 */
export function parseBatchIds(query: unknown, codec: UserIdCodec): string[] {
  const { ids } = parse(batchQueryShape, query, { other: 'INVALID_QUERY' })
  const texts = ids.split(',')
  if (texts.length > MAX_BATCH_IDS) {
    throw new PresenceError('LIMIT_EXCEEDED', `At most ${MAX_BATCH_IDS} ids are read at once, not ${texts.length}.`)
  }
  return parseUserIds(texts, codec)
}
