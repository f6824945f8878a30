import { PresenceError } from '../domain/errors.ts'
import { signOut, signOutAll } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { changeUser, readRecord } from './records.ts'
import type { OwnSession } from './verbs.ts'

/** A user's own live sessions, the latest used first (R33). */
export async function listSessions(deps: ServiceDeps, userId: string): Promise<OwnSession[]> {
  const { sessions } = await readRecord(deps, userId)
  // Rows are written behind, so a session of a moment ago may not have one yet.
  await deps.sessionLog.flush()
  const details = await deps.durable.sessionDetails(sessions.map(({ sessionId }) => sessionId))
  return sessions
    .map((session) => {
      const held = deps.local.withId(session.sessionId)
      const lastActivityAt = Math.max(session.lastActivityAt, held?.lastActivityAt ?? 0)
      return { session: { ...session, lastActivityAt }, details: details.get(session.sessionId) ?? null }
    })
    .sort((a, b) => b.session.lastActivityAt - a.session.lastActivityAt)
}

/** @throws {PresenceError} SESSION_NOT_FOUND */
export async function signOutSession(deps: ServiceDeps, userId: string, sessionId: string): Promise<void> {
  const { ended } = await changeUser(deps, userId, (record, now) =>
    signOut(record, new Set([sessionId]), now, deps.rules),
  )
  if (!ended.some(({ session }) => session.sessionId === sessionId)) {
    throw new PresenceError('SESSION_NOT_FOUND', 'None of your devices has this session.')
  }
}

/** @returns how many sessions it ended */
export async function signOutEverywhere(deps: ServiceDeps, userId: string): Promise<number> {
  const { ended } = await changeUser(deps, userId, (record, now) => signOutAll(record, now, deps.rules))
  return ended.length
}
