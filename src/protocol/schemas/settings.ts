import { z } from 'zod'
import { AUDIENCE_LEVELS } from '../../domain/visibility.ts'
import type { Block, PresenceSettings } from '../http.ts'
import { parse } from './parse.ts'

const levels = (name: string) => z.enum(AUDIENCE_LEVELS, { error: `${name} is one of ${AUDIENCE_LEVELS.join(', ')}.` })

const fields = {
  show_online_status: z
    .boolean({ error: 'show_online_status is true or false.' })
    .meta({ description: 'The switch above all others: off, and others see somebody who was never here.' }),
  status_audience: levels('status_audience').meta({ description: 'Who may see the status and the message.' }),
  last_seen_audience: levels('last_seen_audience').meta({ description: 'Who may see when the user was here last.' }),
  coarse_last_seen: z
    .boolean({ error: 'coarse_last_seen is true or false.' })
    .meta({ description: 'Whether others get last seen only as the quarter of a day, in UTC, that it lies in.' }),
}

const SENTENCE = `Settings are an object with at least one of ${Object.keys(fields).join(', ')}.`

/** The answer of both. */
export const settingsShape = z.object(fields).meta({ id: 'PresenceSettings' }) satisfies z.ZodType<PresenceSettings>

/** The body of PATCH …/settings: what is left out is kept. */
export const settingsChangeShape = z
  .object(fields, { error: SENTENCE })
  .partial()
  .refine((change) => Object.values(change).some((value) => value !== undefined), { error: SENTENCE })
  .meta({ id: 'PresenceSettingsChange' }) satisfies z.ZodType<{
  [Key in keyof PresenceSettings]?: PresenceSettings[Key] | undefined
}>

/** @throws {PresenceError} INVALID_PAYLOAD */
export const parseSettings = (input: unknown): z.infer<typeof settingsChangeShape> =>
  parse(settingsChangeShape, input, { other: 'INVALID_PAYLOAD' })

export const blocksShape = z.object({
  blocks: z.array(
    z
      .object({ userId: z.string(), blocked_at: z.string().meta({ format: 'date-time' }) })
      .meta({ id: 'Block' }) satisfies z.ZodType<Block>,
  ),
})

const PREVIEWS = ['stranger', 'contact', 'blocked'] as const

/** The query of GET …/settings/preview. */
export const previewQueryShape = z.object({
  as: z.enum(PREVIEWS, { error: `as is one of ${PREVIEWS.join(', ')}.` }),
})

/** @throws {PresenceError} INVALID_QUERY */
export const parsePreview = (query: unknown): (typeof PREVIEWS)[number] =>
  parse(previewQueryShape, query, { other: 'INVALID_QUERY' }).as
