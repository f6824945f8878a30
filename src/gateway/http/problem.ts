import { randomInt } from 'node:crypto'
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import { PresenceError, type PresenceErrorCode } from '../../domain/errors.ts'
import type { Problem } from '../../protocol/http.ts'
import { type Explanation, explainError, retryAfterMs } from '../explain-error.ts'
import { type DoorMetrics, type Log, noMetrics } from '../log.ts'

/** The HTTP status and the title of each failure; complete, so that a new code does not compile without them. */
export const PROBLEMS: Record<PresenceErrorCode, readonly [status: number, title: string]> = {
  INVALID_OPTION: [500, 'Wrong option'],
  INVALID_ID: [400, 'Not an id'],
  INVALID_STATUS: [400, 'Not a status that can be chosen'],
  INVALID_MESSAGE: [400, 'Not an acceptable message'],
  INVALID_EXPIRY: [400, 'Not an acceptable expiry'],
  INVALID_QUERY: [400, 'Not an acceptable query'],
  INVALID_CURSOR: [400, 'Not an acceptable cursor'],
  INVALID_PAYLOAD: [400, 'Not an acceptable payload'],
  UNAUTHENTICATED: [401, 'Not signed in'],
  BANNED: [403, 'Account barred'],
  USER_NOT_FOUND: [404, 'No such user'],
  SESSION_NOT_FOUND: [404, 'No such session'],
  NOT_FOUND: [404, 'Not found'],
  MESSAGE_REJECTED: [422, 'Message rejected'],
  LIMIT_EXCEEDED: [400, 'Too many at once'],
  PAYLOAD_TOO_LARGE: [413, 'Too large'],
  RATE_LIMITED: [429, 'Too many calls'],
  TOO_SLOW: [408, 'Too slow'],
  FORBIDDEN: [403, 'Not allowed'],
  SWITCHED_OFF: [404, 'Not switched on'],
  NOT_DURABLE: [503, 'In force, but not stored yet'],
  STORE_UNAVAILABLE: [503, 'Not available just now'],
  ALREADY_RUNNING: [503, 'Already running'],
  INCOMPATIBLE_NODES: [503, 'Incompatible nodes'],
  SCHEMA_CONFLICT: [500, 'Schema conflict'],
  INTERNAL: [500, 'Internal error'],
}

/** Seconds after which a retry is worth trying, by status: the earliest and the latest, so that not all come back in the same one. */
const RETRY_AFTER_S: Readonly<Record<number, readonly [earliest: number, latest: number]>> = {
  429: [1, 1],
  503: [2, 8],
}

/** Words a failure as RFC 9457 problem details. */
export function problemOf({ code, message, retryable }: Explanation): Problem {
  const [status, title] = PROBLEMS[code]
  return { type: `/docs/errors#${code}`, title, status, detail: message, code, retryable }
}

/** Answers with a failure, and with what HTTP itself says about it. @param afterMs when to try again, if that is known */
export function sendProblem(response: Response, explanation: Explanation, afterMs: number | null = null): void {
  const problem = problemOf(explanation)
  const [earliest, latest] = RETRY_AFTER_S[problem.status] ?? []
  if (afterMs !== null) response.set('Retry-After', String(Math.ceil(afterMs / 1_000)))
  else if (earliest !== undefined && latest !== undefined)
    response.set('Retry-After', String(randomInt(earliest, latest + 1)))
  if (problem.status === 401) response.set('WWW-Authenticate', 'Bearer')
  for (const name of ['ETag', 'Age', 'Surrogate-Key']) response.removeHeader(name)
  response.set('Cache-Control', 'no-store')
  response.status(problem.status).type('application/problem+json').send(JSON.stringify(problem))
}

/** Takes every error that reaches it as an answer to the caller; mount it behind the routes it is for. */
export function problemHandler(log: Log, metrics: DoorMetrics = noMetrics): ErrorRequestHandler {
  return (error, _request, response, next) => {
    const explanation = explainError(wordFrameworkError(error), log)
    metrics.refused('http', explanation.code)
    // Half an answer cannot be turned into a problem: Express ends the connection.
    if (response.headersSent) return next(error)
    sendProblem(response, explanation, retryAfterMs(error))
  }
}

/** Answers what no route took: for the end of an app of our own. */
export const notFound = (): RequestHandler => (_request, response) =>
  sendProblem(response, { code: 'NOT_FOUND', message: 'There is nothing at this address.', retryable: false })

/** Errors of Express and its body parser carry a status; those of the caller's making get a code of ours. */
function wordFrameworkError(error: unknown): unknown {
  if (error instanceof PresenceError || !(error instanceof Error)) return error
  const status = 'status' in error ? error.status : undefined
  if (error instanceof URIError) return new PresenceError('INVALID_ID', 'The path is not encoded correctly.')
  if (status === 413) return new PresenceError('PAYLOAD_TOO_LARGE', 'The body is too large.')
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new PresenceError('INVALID_PAYLOAD', 'The body is not JSON that can be read.')
  }
  return error
}
