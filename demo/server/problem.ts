import type { Response } from 'express'
import type { PresenceErrorCode } from '../../src/domain/errors.ts'

const TITLES = {
  400: 'Bad Request',
  404: 'Not Found',
} as const

/** Answers with an RFC 9457 problem, in the words and shape of the rest of the service. */
export function sendProblem(
  response: Response,
  status: keyof typeof TITLES,
  code: PresenceErrorCode,
  detail: string,
): void {
  const problem = { type: 'about:blank', title: TITLES[status], status, detail, code, retryable: false }
  response.status(status).type('application/problem+json').send(JSON.stringify(problem))
}
