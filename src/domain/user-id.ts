import { PresenceError } from './errors.ts'

/** How the host names users. Inside, an id is always text; the host's column may be something else. */
export interface UserIdCodec {
  readonly sqlType: 'uuid' | 'integer' | 'bigint'
  /** The canonical text of an id that came from outside, or null when it cannot be one. */
  parse(text: string): string | null
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Users named by UUIDs: the default. */
export const uuidIds: UserIdCodec = {
  sqlType: 'uuid',
  parse: (text) => (UUID.test(text) ? text.toLowerCase() : null),
}

/** Users named by positive integers, up to what a 32-bit column holds. */
export const integerIds: UserIdCodec = {
  sqlType: 'integer',
  parse: (text) => (/^[1-9]\d{0,9}$/.test(text) && Number(text) <= 2_147_483_647 ? text : null),
}

/** Reads an id that a host's code passes in. @throws {PresenceError} INVALID_ID */
export function requireId(codec: UserIdCodec, text: string): string {
  const id = codec.parse(text)
  if (id === null) throw new PresenceError('INVALID_ID', 'This is not the id of a user.')
  return id
}
