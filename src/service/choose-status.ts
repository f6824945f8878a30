import { ownInfo, type PresenceInfo } from '../domain/info.ts'
import { normalizeMessage } from '../domain/message.ts'
import { type Choice, currentChoice } from '../domain/presence.ts'
import type { ChoosableStatus } from '../domain/status.ts'
import { choose } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { moderate } from './moderate.ts'
import { changeUser, readRecord, stampVersion } from './records.ts'

/** A choice as a front door understood it. */
export interface StatusRequest {
  readonly status: ChoosableStatus
  /** Undefined: kept. Null or empty: cleared. */
  readonly message: string | null | undefined
  /** Seconds, or null: until changed. */
  readonly expiresInS: number | null
}

/** Stores a choice in PostgreSQL and only then shows it (R20). See {@link PresenceVerbs.chooseStatus}. */
export async function chooseStatus(deps: ServiceDeps, userId: string, request: StatusRequest): Promise<PresenceInfo> {
  const message = await nextMessage(deps, userId, request.message)
  const version = await stampVersion(deps, userId)
  const choice = nextChoice(request, message, version, deps.hot.now())
  await deps.durable.saveDecision({ kind: 'choice', userId, choice })
  const { after } = await changeUser(deps, userId, (record, now) => choose(record, choice, now, deps.rules))
  return ownInfo(after)
}

async function nextMessage(
  deps: ServiceDeps,
  userId: string,
  given: string | null | undefined,
): Promise<string | null> {
  if (given === undefined) return currentChoice((await readRecord(deps, userId)).choice, deps.hot.now()).message
  const message = normalizeMessage(given)
  return message === null ? null : normalizeMessage(await moderate(deps, message, userId))
}

function nextChoice(
  { status, expiresInS }: StatusRequest,
  message: string | null,
  version: number,
  now: number,
): Choice {
  const chosen = status === 'online' ? null : status
  // Nothing chosen leaves nothing to expire.
  const lasting = expiresInS === null || (chosen === null && message === null)
  return { status: chosen, message, expiresAt: lasting ? null : now + expiresInS * 1000, version }
}
