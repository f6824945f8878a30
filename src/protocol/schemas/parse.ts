import type { z } from 'zod'
import { PresenceError, type PresenceErrorCode } from '../../domain/errors.ts'

/** Which code a refusal gets: that of the field which is wrong, else `other`. */
export interface RefusalCodes {
  readonly other: PresenceErrorCode
  readonly fields?: Readonly<Record<string, PresenceErrorCode>>
}

/**
 * Takes input from outside apart, or says what is wrong with it: the first thing that is, as one sentence (R52). Shapes
 * word their own sentences; the input itself is never repeated.
 *
 * @throws {PresenceError} the code of the field that is wrong
 */
export function parse<Output>(schema: z.ZodType<Output>, input: unknown, codes: RefusalCodes): Output {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const field = issue?.path[0]
  const code = (typeof field === 'string' ? codes.fields?.[field] : undefined) ?? codes.other
  throw new PresenceError(code, issue?.message ?? 'The input has the wrong shape.')
}
