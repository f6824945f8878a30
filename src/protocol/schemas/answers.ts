import { z } from 'zod'
import type { PresenceInfo } from '../../domain/info.ts'
import { DEVICE_TYPES } from '../../domain/session.ts'
import { STATUSES } from '../../domain/status.ts'
import type {
  DeviceSession,
  ErasedUserData,
  MessageReport,
  MessageReports,
  Problem,
  ProviderList,
  ProviderPresence,
  UserDataExport,
} from '../http.ts'
import { omittable } from './omittable.ts'

// Shapes of answers: they describe, in the OpenAPI document; nothing is checked against them at run time.

const time = z.string().meta({ format: 'date-time' })

export const presenceInfoShape = z
  .object({
    userId: z.string(),
    online_status: z.enum(STATUSES),
    last_seen: time.nullable(),
    custom_message: omittable(z.string()),
    show_status: z.boolean().meta({ description: 'False only to the user themself, while hidden.' }),
    stale: omittable(z.literal(true)),
  })
  .meta({ id: 'PresenceInfo' }) satisfies z.ZodType<PresenceInfo>

export const presencesShape = z.object({ presences: z.array(presenceInfoShape), stale: z.boolean() })

const deviceSessionShape = z
  .object({
    id: z.uuid(),
    device_type: z.enum(DEVICE_TYPES),
    device_id: z.string().nullable(),
    device_name: z.string().nullable().meta({ example: 'Chrome on Windows' }),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    connected_at: time,
    last_active_at: time,
    last_ping: time,
    is_active: z.boolean(),
  })
  .meta({ id: 'DeviceSession' }) satisfies z.ZodType<DeviceSession>

export const sessionsShape = z.object({ sessions: z.array(deviceSessionShape) })

const messageReportShape = z
  .object({
    id: z.string(),
    userId: z.string(),
    message: z.string(),
    status: z.enum(STATUSES),
    reason: z.string().nullable(),
    reported_at: time,
  })
  .meta({ id: 'OpenMessageReport' }) satisfies z.ZodType<MessageReport>

export const reportsShape = z.object({
  reports: z.array(messageReportShape),
  next_cursor: z.string().nullable(),
}) satisfies z.ZodType<MessageReports>

export const endedShape = z.object({ ended: z.int() })

const row = z.record(z.string(), z.unknown())

export const userDataShape = z
  .object({
    user_id: z.string(),
    exported_at: time,
    receipt: z.string().meta({ description: 'Proves whose data a line in the audit is about; kept nowhere else.' }),
    live: z.object({
      presence: presenceInfoShape,
      chosen: z.object({ status: z.string().nullable(), message: z.string().nullable(), expires_at: time.nullable() }),
      last_activity: time.nullable(),
      sessions: z.array(
        z.object({
          id: z.uuid(),
          device_type: z.enum(DEVICE_TYPES),
          device_id: z.string().nullable(),
          connected_at: time,
          last_active_at: time,
        }),
      ),
    }),
    stored: z.record(z.string(), z.array(row)).meta({ description: 'Rows of each table.' }),
  })
  .meta({ id: 'UserData' }) satisfies z.ZodType<UserDataExport>

export const erasedShape = z.object({ receipt: z.string(), rows: z.int() }) satisfies z.ZodType<ErasedUserData>

const providerPresence = {
  presence: presenceInfoShape,
  is_online: z.boolean(),
  last_seen_text: z.string().meta({ example: 'last seen 5 minutes ago' }),
} satisfies Record<keyof ProviderPresence, z.ZodType>

export const providerListShape = z
  .object({
    providers: z.array(z.looseObject(providerPresence)),
    next_cursor: z.string().nullable(),
    counts: z.object({ online: z.int(), away: z.int(), dnd: z.int() }),
    as_of: time.nullable(),
    stale: z.boolean(),
  })
  .meta({ id: 'ProviderList' }) satisfies z.ZodType<ProviderList>

export const problemShape = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    retryable: z.boolean(),
  })
  .meta({ id: 'Problem' }) satisfies z.ZodType<Problem>

export const livenessShape = z.object({ status: z.literal('ok') })

export const readinessShape = z.object({
  status: z.enum(['ok', 'not ready']),
  postgres: z.boolean(),
  store: z.boolean(),
  draining: z.literal(true).optional(),
})
