import { z } from 'zod'
import { SESSION_STATES } from '../../domain/explain/sessions.ts'
import { DEVICE_TYPES } from '../../domain/session.ts'
import { STATUSES } from '../../domain/status.ts'
import { AUDIENCE_LEVELS } from '../../domain/visibility.ts'
import type { OperatorOverview, PresenceExplanation } from '../operator.ts'
import { presenceInfoShape } from './answers.ts'
import { parse } from './parse.ts'

const time = z.string().meta({ format: 'date-time' })

/** `<node id>@<epoch milliseconds>`, separated by commas. */
const KNOWN = /^([\w-]{1,64})@(\d{1,15})$/
const MAX_KNOWN = 64

export const overviewQueryShape = z.object({
  known: z.string().max(5_000).optional().meta({
    description: 'What is had already: node@milliseconds, separated by commas. Only newer samples are answered.',
  }),
})

/** Up to when samples are had already, by node. What cannot be read is taken as not had. */
export function parseKnownSamples(query: unknown): ReadonlyMap<string, number> {
  const { known = '' } = parse(overviewQueryShape, query, { other: 'INVALID_QUERY' })
  return new Map(
    known.split(',', MAX_KNOWN).flatMap((part): [string, number][] => {
      const [, node, at] = KNOWN.exec(part) ?? []
      return node === undefined ? [] : [[node, Number(at)]]
    }),
  )
}

const sampleShape = z.object({
  at: time,
  users: z.int(),
  sessions: z.int(),
  transitions_per_s: z.number(),
  deliveries_per_s: z.number(),
  delay_p50_ms: z.number().nullable(),
  delay_p99_ms: z.number().nullable(),
  projection_lag_ms: z.number(),
})

const nodeShape = z.object({
  node_id: z.string(),
  is_own: z.boolean(),
  state: z.enum(['live', 'overdue', 'gone']),
  schema: z.int().nullable(),
  lease_renewed_at: time.nullable(),
  lease_until: time.nullable(),
  users: z.int().nullable(),
  sessions: z.int().nullable(),
  transitions_per_s: z.number().nullable(),
  projection_lag_ms: z.number().nullable(),
})

export const overviewShape = z
  .object({
    node_id: z.string(),
    at: time,
    sample_every_ms: z.int(),
    is_shared: z.boolean(),
    samples: z.array(sampleShape),
    nodes: z.array(nodeShape).nullable(),
    degraded: z.array(z.object({ part: z.string(), sentence: z.string() })),
    draining: z.boolean(),
  })
  .meta({ id: 'OperatorOverview' }) satisfies z.ZodType<OperatorOverview>

const reasonShape = z.object({ rule: z.string(), sentence: z.string(), is_trouble: z.boolean() })

const sessionShape = z.object({
  id: z.string(),
  state: z.enum(SESSION_STATES),
  sentence: z.string(),
  node_id: z.string().nullable(),
  device_type: z.enum(DEVICE_TYPES),
  device_name: z.string().nullable(),
  network: z.string().nullable().meta({ example: '203.0.113.0/24' }),
  connected_at: time,
  last_active_at: time,
})

export const explanationShape = z
  .object({
    user_id: z.string(),
    at: time,
    node_id: z.string(),
    receipt: z.string(),
    status: z.enum([...STATUSES, 'unknown']).nullable(),
    cause: reasonShape,
    notes: z.array(reasonShape),
    sessions: z.array(sessionShape),
    choice: z
      .object({
        status: z.string().nullable(),
        message: z.string().nullable(),
        expires_at: time.nullable(),
        chosen_at: time.nullable(),
      })
      .nullable(),
    visibility: z
      .object({
        show_online_status: z.boolean(),
        status_audience: z.enum(AUDIENCE_LEVELS),
        last_seen_audience: z.enum(AUDIENCE_LEVELS),
        coarse_last_seen: z.boolean(),
        decided_at: time.nullable(),
        blocked_viewers: z.int(),
      })
      .nullable(),
    views: z.object({ own: presenceInfoShape, contact: presenceInfoShape, stranger: presenceInfoShape }).nullable(),
    viewer: z
      .object({
        user_id: z.string(),
        audience: z.enum(['own', 'contact', 'stranger', 'nobody']),
        presence: presenceInfoShape,
        sentence: z.string(),
      })
      .nullable(),
  })
  .meta({ id: 'PresenceExplanation' }) satisfies z.ZodType<PresenceExplanation>
