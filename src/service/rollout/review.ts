import { randomUUID } from 'node:crypto'
import { PresenceError, type PresenceErrorCode } from '../../domain/errors.ts'
import type { Revocation } from '../../domain/session.ts'
import { switchOff } from '../../domain/switch-off.ts'
import { looksSame, UNSEEN } from '../../domain/view.ts'
import { asError } from '../../telemetry/logger.ts'
import { beginSession } from '../connect-session.ts'
import type { ServiceDeps } from '../deps.ts'
import { disconnectSession } from '../disconnect-session.ts'
import { createTurns } from '../in-turn.ts'
import type { LiveSearches } from '../live-search/live-searches.ts'
import { changeUser } from '../records.ts'
import type { DormantConnection } from './dormant.ts'
import type { Rollout } from './rollout.ts'

/** Users looked at side by side: enough to keep the store busy, few enough to leave room for everybody else. */
const AT_ONCE = 100
/** How often what the store did not take is tried again, in milliseconds. */
const OWED_EVERY_MS = 1_000

/** What is under way for one system. */
interface Review {
  readonly deps: ServiceDeps
  readonly rollout: Rollout
  readonly searches: LiveSearches
  /** Users of whom not all could be done that follows from a decision: the store was away. */
  readonly owed: Set<string>
}

/**
 * Makes decisions hold when the rules change: whoever has a connection here, and whoever is watched here, is decided about anew (R70).
 *
 * @returns stops following
 */
export function followFlags(deps: ServiceDeps, rollout: Rollout, searches: LiveSearches): () => void {
  const inTurn = createTurns()
  const review = { deps, rollout, searches, owed: new Set<string>() }
  let asked = 0
  const run = (work: () => Promise<void>): void => {
    inTurn('review', work).catch((error: unknown) => {
      deps.log.error({ err: asError(error) }, 'not all that follows from a change of the flags was done')
    })
  }
  const unfollow = rollout.flags.onChange(() => {
    rollout.decisions.expire()
    const mine = (asked += 1)
    run(async () => {
      // A change that came meanwhile looks at everybody once more.
      if (mine === asked) await reviewAll(review)
    })
  })
  const timer = setInterval(() => {
    if (review.owed.size > 0) run(async () => apply(review, await rollout.decisions.decide([...review.owed])))
  }, OWED_EVERY_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    unfollow()
  }
}

async function reviewAll(review: Review): Promise<void> {
  const { deps, rollout } = review
  const here = new Set([...deps.local.userIds(), ...rollout.dormant.userIds()])
  const decided = await rollout.decisions.decide([...here])
  await apply(review, decided)
  // Those who are not here: whoever watches them from here knows when they were seen last.
  const known = [...deps.broadcast.watched()].filter((userId) => !here.has(userId) && isShownHere(deps, userId))
  const others = await rollout.decisions.decide(known)
  await inParts(
    known.filter((userId) => others.get(userId) === false),
    (userId) => safely(review, userId, () => retract(deps, userId, new Set())),
  )
  const off = [...decided.values()].filter((on) => !on).length
  deps.log.info({ users: here.size, switchedOff: off }, 'the flags changed')
}

const isShownHere = ({ broadcast }: ServiceDeps, userId: string): boolean => {
  const told = broadcast.latest(userId, 'stranger')
  return told !== null && !looksSame(told, UNSEEN)
}

const apply = (review: Review, decided: ReadonlyMap<string, boolean>): Promise<void> =>
  inParts([...decided.keys()], (userId) =>
    safely(review, userId, (wasOwed) =>
      decided.get(userId) ? wakeAll(review, userId) : putToSleep(review, userId, wasOwed),
    ),
  )

async function inParts(userIds: readonly string[], work: (userId: string) => Promise<void>): Promise<void> {
  for (let i = 0; i < userIds.length; i += AT_ONCE) await Promise.all(userIds.slice(i, i + AT_ONCE).map(work))
}

/** One who fails holds up nobody else. What the store did not take is owed. */
async function safely(
  { deps, owed }: Review,
  userId: string,
  work: (wasOwed: boolean) => Promise<void>,
): Promise<void> {
  const wasOwed = owed.delete(userId)
  try {
    await work(wasOwed)
  } catch (error) {
    if (error instanceof PresenceError && error.retryable) owed.add(userId)
    else deps.log.error({ err: asError(error) }, 'a decision of the flags could not be made to hold')
  }
}

/** The user's connections here stand, and nobody is here for them any more. */
async function putToSleep({ deps, rollout, searches }: Review, userId: string, wasOwed: boolean): Promise<void> {
  const { local, hot, broadcast } = deps
  const held = local.ofUser(userId)
  for (const session of held) {
    if (session.goodbye !== null || session.arrival === null) continue
    // Known as ended on purpose before it is: so its connection is not closed with it.
    session.goodbye = { clean: true, at: hot.now() }
    const { handle, socketId, arrival } = session
    rollout.dormant.add({ handle, userId, socketId, ...arrival })
    searches.unwatch(socketId)
    broadcast.silence(socketId)
  }
  if (held.length === 0 && !wasOwed && !isShownHere(deps, userId)) return
  await retract(deps, userId, new Set(held.map(({ sessionId }) => sessionId)))
}

/** Others are told once, whichever node comes first (R71). */
async function retract(deps: ServiceDeps, userId: string, ours: ReadonlySet<string>): Promise<void> {
  await changeUser(deps, userId, (record, now) => switchOff(record, ours, now, deps.rules))
}

const wakeAll = async (review: Review, userId: string): Promise<void> =>
  void (await Promise.all(review.rollout.dormant.ofUser(userId).map((connection) => wake(review, connection))))

/** Begins a session for a connection that stands: what is shown is true from then on, without a new connection (R71). */
async function wake(review: Review, connection: DormantConnection): Promise<void> {
  const { deps, rollout } = review
  const { handle, socketId, userId } = connection
  connection.waking = true
  try {
    // As one that was never told anything.
    deps.broadcast.remove(socketId)
    const { presence } = await beginSession(deps, connection, randomUUID())
    rollout.dormant.remove(connection)
    if (presence !== null) deps.broadcast.tellSelf(userId, presence)
    deps.broadcast.resync({ socketId })
  } catch (error) {
    connection.waking = false
    if (connection.goodbye === null) stayAsleep(review, connection, error)
    rollout.dormant.remove(connection)
  }
  if (connection.goodbye === null) return
  await disconnectSession(deps, handle, connection.goodbye.reason, connection.goodbye.evidenceAt)
}

/** Whoever may not be here is sent away, as if they had just come; anything else is tried again. */
function stayAsleep({ deps }: Review, { socketId }: DormantConnection, error: unknown): void {
  const why = error instanceof PresenceError && !error.retryable ? (REFUSALS[error.code] ?? 'SIGNED_OUT') : null
  if (why === null) throw error
  deps.broadcast.signOut(socketId, why)
}

const REFUSALS: Readonly<Partial<Record<PresenceErrorCode, Revocation>>> = {
  BANNED: 'BANNED',
  USER_NOT_FOUND: 'USER_DELETED',
}
