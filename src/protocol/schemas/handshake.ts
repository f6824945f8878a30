import { z } from 'zod'
import { DEVICE_TYPES } from '../../domain/session.ts'
import type { Handshake } from '../events.ts'

/** Longest name of a device, in characters. */
const MAX_DEVICE_ID_LENGTH = 128

const CONTROLS = /[\p{Cc}\p{Cs}]/u

const deviceTypeShape = z.enum(DEVICE_TYPES)
const deviceIdShape = z
  .string()
  .min(1)
  .max(MAX_DEVICE_ID_LENGTH)
  .refine((text) => !CONTROLS.test(text))
const formatShape = z.enum(['events', 'diff'])

/** What a handshake says of the device; null where it says nothing that we understand. */
export interface ParsedHandshake {
  readonly deviceType: NonNullable<Handshake['device_type']> | null
  readonly deviceId: string | null
  readonly format: NonNullable<Handshake['format']>
}

/**
 * Reads the device part of a handshake. It never refuses: the handshake may be a host's own, made for other things, and
 * every value here has a sound fallback.
 */
export function parseHandshake(auth: unknown): ParsedHandshake {
  const given: Record<string, unknown> = typeof auth === 'object' && auth !== null ? { ...auth } : {}
  return {
    deviceType: deviceTypeShape.safeParse(given['device_type']).data ?? null,
    deviceId: deviceIdShape.safeParse(given['device_id']).data ?? null,
    format: formatShape.safeParse(given['format']).data ?? 'events',
  }
}
