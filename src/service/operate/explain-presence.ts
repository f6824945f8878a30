import { LRUCache } from 'lru-cache'
import { PresenceError } from '../../domain/errors.ts'
import type { LeaseTimes } from '../../domain/explain/evidence.ts'
import { explain, type Explanation } from '../../domain/explain/explain.ts'
import { type ExplainedViewer, explainViewer } from '../../domain/explain/viewer.ts'
import { mergeActivity } from '../../domain/steps.ts'
import type { UserRecord } from '../../domain/user-record.ts'
import type { SessionTrace } from '../../store/contract.ts'
import type { ServiceDeps } from '../deps.ts'
import { activityOf } from '../local-sessions.ts'
import { newReceipt } from '../receipt.ts'
import { expired } from '../records.ts'
import { standingIn } from '../standings.ts'

/** One user's presence explained to an operator, with where the sessions came from. */
export interface ExplainedPresence extends Explanation {
  readonly userId: string
  /** What one viewer is told of them, if that was asked. */
  readonly viewer: ExplainedViewer | null
  /** By session id; who is not among them has no row yet, or PostgreSQL does not answer. */
  readonly traces: ReadonlyMap<string, SessionTrace>
  /** The node that says so. */
  readonly nodeId: string
  /** Epoch milliseconds of the store's clock. */
  readonly at: number
  /** Proves to whoever has it whose presence a line in the log is about. */
  readonly receipt: string
}

/** Milliseconds for which looking again at the same user is the same look. */
const ONE_LOOK_MS = 600_000
/** Looks remembered, about 200 bytes each. */
const REMEMBERED = 1_000

/**
 * Explains users to operators. Each look is in the log, with nothing that tells who it was about (R35): whoever has the receipt can prove
 * that. An operator who keeps watching somebody looks once.
 */
export function createExplainer(deps: ServiceDeps) {
  const receipts = new LRUCache<string, string>({ max: REMEMBERED, ttl: ONE_LOOK_MS })

  function receiptFor(userId: string): string {
    const known = receipts.get(userId)
    if (known !== undefined) return known
    const { receipt, proof } = newReceipt(userId)
    receipts.set(userId, receipt)
    deps.log.info({ askedBy: 'operator', proof }, 'the presence of a user was explained')
    return receipt
  }

  return async function explainPresence(userId: string, viewerId: string | null): Promise<ExplainedPresence> {
    const receipt = receiptFor(userId)
    const at = deps.hot.now()
    const explanation = explain(await gather(deps, userId, at))
    const { record, sessions } = explanation
    const [viewer, traces] = await Promise.all([
      record && viewerId !== null ? lookAs(deps, record, viewerId, at) : null,
      tracesOf(
        deps,
        sessions.map(({ session }) => session.sessionId),
      ),
    ])
    return { ...explanation, userId, viewer, traces, nodeId: deps.hot.nodeId(), at, receipt }
  }
}

/** All that can be found out about a user now. What does not answer is evidence, too. */
async function gather(deps: ServiceDeps, userId: string, now: number) {
  const { hot, shared, durable, local, pendingDecisions, rules, staleAfterMs } = deps
  const [found, stored, leases, asleep] = await Promise.all([
    orUnknown(() => hot.read([userId])),
    orUnknown(async () => (await durable.load([userId]))[0] ?? null),
    orUnknown(() => leasesOf(deps)),
    asleepHere(deps, userId),
  ])
  const state = shared?.state()
  const isLost = found === 'unknown' || leases === 'unknown' || state?.state === 'lost'
  const record = found === 'unknown' ? undefined : found.get(userId)
  const live = record ? expired(mergeActivity(record, activityOf(local, userId), now), now, rules) : null
  return {
    userId,
    live: isLost ? ('unknown' as const) : live,
    stored: isLost ? decided(deps, stored, now) : stored,
    leases: leases === 'unknown' ? null : leases,
    lostForMs: isLost ? Math.max(0, Date.now() - (state?.state === 'lost' ? state.since : Date.now())) : null,
    staleAfterMs,
    asleep,
    isPending: pendingDecisions.users().includes(userId),
    rules,
    now,
  }
}

/** Connections that stand here although presence is off for their user; null: it is on for them. */
async function asleepHere({ rollout }: ServiceDeps, userId: string): Promise<number | null> {
  if (rollout === null || (await rollout.decisions.isOn(userId))) return null
  return rollout.dormant.ofUser(userId).length
}

/** What is shown of PostgreSQL's word: expired by now, and with what holds live only (R32). */
function decided({ pendingDecisions, rules }: ServiceDeps, stored: UserRecord | null | 'unknown', now: number) {
  if (stored === null || stored === 'unknown') return stored
  return pendingDecisions.applyTo(expired(stored, now, rules), now, rules)
}

async function leasesOf({ shared }: ServiceDeps): Promise<ReadonlyMap<string, LeaseTimes> | null> {
  if (shared === null) return null
  const living = (await shared.nodes()).flatMap(({ nodeId, renewedAt, until }) =>
    until === null ? [] : [[nodeId, { renewedAt, until }] as const],
  )
  return new Map(living)
}

/** @throws whatever is no sign of somebody being away */
async function orUnknown<Found>(look: () => Promise<Found>): Promise<Found | 'unknown'> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof PresenceError && error.retryable) return 'unknown'
    throw error
  }
}

async function lookAs(deps: ServiceDeps, record: UserRecord, viewerId: string, now: number): Promise<ExplainedViewer> {
  const standing = viewerId === record.userId ? null : await standingIn(deps, record, viewerId)
  return explainViewer(record, viewerId, standing, now)
}

/** Of sessions of this node it is known here; of others PostgreSQL has it, if it answers. */
async function tracesOf(
  { local, durable }: ServiceDeps,
  sessionIds: readonly string[],
): Promise<Map<string, SessionTrace>> {
  const traces = new Map<string, SessionTrace>()
  for (const sessionId of sessionIds) {
    const held = local.withId(sessionId)
    if (held) traces.set(sessionId, held)
  }
  const missing = sessionIds.filter((sessionId) => !traces.has(sessionId))
  const stored = missing.length === 0 ? null : await orUnknown(() => durable.sessionDetails(missing))
  if (stored !== null && stored !== 'unknown') for (const [sessionId, trace] of stored) traces.set(sessionId, trace)
  return traces
}
