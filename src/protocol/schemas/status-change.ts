import { z } from 'zod'
import { MAX_MESSAGE_LENGTH, normalizeMessage } from '../../domain/message.ts'
import { CHOOSABLE_STATUSES, type ChoosableStatus, MAX_EXPIRES_IN_S } from '../../domain/status.ts'
import type { StatusChange } from '../events.ts'
import { omittable } from './omittable.ts'
import { parse } from './parse.ts'

const STATUS_SENTENCE = `A status is one of ${CHOOSABLE_STATUSES.join(', ')}.`
const OFFLINE_SENTENCE = 'The status offline cannot be chosen: to be seen as offline, hide (show_online_status false).'
const EXPIRY_SENTENCE = `expires_in is a whole number of seconds from 1 to ${MAX_EXPIRES_IN_S}.`

/** The body of PATCH …/status and the payload of `setStatus`. */
export const statusChangeShape = z
  .object(
    {
      status: z.enum(CHOOSABLE_STATUSES, {
        error: ({ input }) => (input === 'offline' ? OFFLINE_SENTENCE : STATUS_SENTENCE),
      }),
      message: omittable(z.string({ error: 'A message is text, or null to clear it.' }).nullable()).meta({
        description: `At most ${MAX_MESSAGE_LENGTH} characters. Omitted: kept. Null or empty: cleared.`,
      }),
      expires_in: omittable(
        z
          .int({ error: EXPIRY_SENTENCE })
          .min(1, { error: EXPIRY_SENTENCE })
          .max(MAX_EXPIRES_IN_S, { error: EXPIRY_SENTENCE }),
      ).meta({ description: 'Seconds. Omitted: until changed.' }),
    },
    { error: 'A change of status is an object with a status.' },
  )
  .meta({ id: 'StatusChange' }) satisfies z.ZodType<StatusChange>

/** A change of status as the service takes it. */
export interface ParsedStatusChange {
  readonly status: ChoosableStatus
  /** Undefined: kept. Null: cleared. */
  readonly message: string | null | undefined
  readonly expiresInS: number | null
}

/**
 * Reads a change of status (R11, R15).
 *
 * @throws {PresenceError} INVALID_STATUS, INVALID_MESSAGE, INVALID_EXPIRY, INVALID_PAYLOAD
 */
export function parseStatusChange(input: unknown): ParsedStatusChange {
  const change = parse(statusChangeShape, input, {
    other: 'INVALID_PAYLOAD',
    fields: { status: 'INVALID_STATUS', message: 'INVALID_MESSAGE', expires_in: 'INVALID_EXPIRY' },
  })
  return {
    status: change.status,
    message: change.message === undefined ? undefined : normalizeMessage(change.message),
    expiresInS: change.expires_in ?? null,
  }
}
