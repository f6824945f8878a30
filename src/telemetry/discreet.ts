import type { Logger } from './logger.ts'

/** What tells of people, wherever it stands in the words of an error; and what stands there instead. */
const TELLTALES: readonly (readonly [pattern: RegExp, instead: string])[] = [
  // Tokens: three parts of base64url, of which the first begins as JSON does.
  [/\beyJ[\w-]*\.[\w-]+\.[\w-]*/g, '<token>'],
  [/[^\s"'<>()@]+@[^\s"'<>()@]+\.[a-z]{2,}/gi, '<email>'],
  [/\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi, '<id>'],
  // What PostgreSQL, JSON and others quote of what they were given; to the end, because it may hold quotes itself.
  [/"[^\n]*"/g, '"…"'],
  [/=\([^\n]*\)/g, '=(…)'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, '<address>'],
  [
    /(?<![\w:])(?:(?:[\da-f]{1,4}:){3,7}[\da-f]{1,4}|(?:[\da-f]{1,4}(?::[\da-f]{1,4})*)?::(?:[\da-f]{1,4}(?::[\da-f]{1,4})*)?)(?![\w:])/gi,
    '<address>',
  ],
]

/** The words of a failure without anything that tells of people. */
export const withoutTelltales = (words: string): string =>
  TELLTALES.reduce((text, [pattern, instead]) => text.replace(pattern, instead), words)

/**
 * An error as it may be logged: its name, its code, where in the code it happened, and its words without what tells of people. Errors of
 * others carry along what they were about, such as the values of a statement or the body of a request; none of that is kept (R35).
 */
export function discreetError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(`something else than an error was thrown: ${typeof error}`)
  const message = isAboutServers(error) ? error.message : withoutTelltales(error.message)
  const cause = error.cause === undefined ? {} : { cause: discreetError(error.cause) }
  const copy = new Error(message, cause)
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  Object.assign(copy, { name: error.name, ...codeOf(error) })
  copy.stack = [`${error.name}: ${message}`, ...frames].join('\n')
  return copy
}

/** Of a connection that we could not make: the address is that of a server of ours. */
const isAboutServers = (error: Error): boolean => 'syscall' in error && error.syscall === 'connect'

/** Ours, those of Node, and SQLSTATE, which Sequelize keeps one level below. */
function codeOf(error: Error): { code?: string } {
  const carrier = 'parent' in error && error.parent instanceof Error ? error.parent : error
  return 'code' in carrier && typeof carrier.code === 'string' ? { code: carrier.code } : {}
}

/** The same logger, to which errors come without what tells of people. */
export const discreetLogger = (log: Logger): Logger => ({
  debug: (fields, message) => log.debug(discreet(fields), message),
  info: (fields, message) => log.info(discreet(fields), message),
  warn: (fields, message) => log.warn(discreet(fields), message),
  error: (fields, message) => log.error(discreet(fields), message),
})

const discreet = (fields: object): object => ('err' in fields ? { ...fields, err: discreetError(fields.err) } : fields)
