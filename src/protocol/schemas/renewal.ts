import { z } from 'zod'
import type { RenewRequest } from '../events.ts'
import { parse } from './parse.ts'

export const renewalShape = z.object(
  { token: z.string({ error: 'token is a text.' }).min(1, { error: 'token is a text that is not empty.' }) },
  { error: 'A renewal is an object with token.' },
) satisfies z.ZodType<RenewRequest>

/** @throws {PresenceError} INVALID_PAYLOAD */
export const parseRenewal = (input: unknown): RenewRequest => parse(renewalShape, input, { other: 'INVALID_PAYLOAD' })
