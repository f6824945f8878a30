import { pino } from 'pino'
import { discreetLogger } from './discreet.ts'

/** Structured logging as this project uses it. Fields never hold user ids, addresses, user agents or messages (R35). */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Words a failure for a log line. */
export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

/** @param level pino's: silent, error, warn, info, debug */
export const createLogger = (level = 'info'): Logger =>
  discreetLogger(
    pino({
      level,
      base: null,
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
    }),
  )
