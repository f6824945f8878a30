import { z } from 'zod'
import { omittable } from './omittable.ts'
import { parse } from './parse.ts'

/** Characters of a reason, as JavaScript counts them. */
const MAX_REASON = 500

/** The body of POST …/reports. */
export const reportShape = z
  .object(
    {
      reason: omittable(
        z
          .string({ error: 'reason is a text.' })
          .trim()
          .max(MAX_REASON, { error: `reason has at most ${MAX_REASON} characters.` })
          .nullable(),
      ),
    },
    { error: 'A report is an object, with a reason if there is one.' },
  )
  .meta({ id: 'MessageReport' })

/** @throws {PresenceError} INVALID_PAYLOAD */
export function parseReport(input: unknown): { readonly reason: string | null } {
  const { reason = null } = parse(reportShape, input ?? {}, { other: 'INVALID_PAYLOAD' })
  return { reason: reason === '' ? null : reason }
}
