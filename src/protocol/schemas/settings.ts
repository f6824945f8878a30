import { z } from 'zod'
import type { PresenceSettings } from '../http.ts'
import { parse } from './parse.ts'

/** The body of PATCH …/settings, and the answer of both. */
export const settingsShape = z
  .object(
    { show_online_status: z.boolean({ error: 'show_online_status is true or false.' }) },
    { error: 'Settings are an object with show_online_status.' },
  )
  .meta({ id: 'PresenceSettings' }) satisfies z.ZodType<PresenceSettings>

/** @throws {PresenceError} INVALID_PAYLOAD */
export const parseSettings = (input: unknown): PresenceSettings =>
  parse(settingsShape, input, { other: 'INVALID_PAYLOAD' })
