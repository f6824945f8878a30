import { PresenceError } from '../domain/errors.ts'
import type { ServiceDeps } from './deps.ts'

/**
 * Asks the host about a message. It fails closed: what could not be checked in time is not shown (R15).
 *
 * @throws {PresenceError} whatever the host throws of that kind, such as MESSAGE_REJECTED; STORE_UNAVAILABLE when it fails or takes too long
 */
export async function moderate(
  { moderateMessage, moderationTimeoutMs, log }: Pick<ServiceDeps, 'moderateMessage' | 'moderationTimeoutMs' | 'log'>,
  message: string,
  userId: string,
): Promise<string | null> {
  if (!moderateMessage) return message
  try {
    return await inTime(async () => moderateMessage(message, userId), moderationTimeoutMs)
  } catch (error) {
    if (error instanceof PresenceError) throw error
    // Without the error itself, which may quote the message (R35).
    log.error({ reason: error instanceof TookTooLong ? 'time-out' : 'failure' }, 'moderateMessage did not answer')
    throw new PresenceError('STORE_UNAVAILABLE', 'The message cannot be checked just now.', {
      retryable: true,
      cause: error,
    })
  }
}

class TookTooLong extends Error {
  override readonly name = 'TookTooLong'
}

async function inTime<Result>(work: () => Promise<Result>, ms: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TookTooLong()), ms)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}
