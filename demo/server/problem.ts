import type { Response } from 'express'
import type { PresenceErrorCode } from '../../src/domain/errors.ts'
import { sendProblem } from '../../src/gateway/http/problem.ts'

/** Refuses a call in the words and shape of the rest of the service; the same call will not do better later. */
export function refuse(response: Response, code: PresenceErrorCode, message: string): void {
  sendProblem(response, { code, message, retryable: false })
}
