import { PresenceError } from '../domain/errors.ts'
import { NO_PAIRS, pairWith } from '../domain/pairs.ts'
import { pairOf, setBlocked } from '../domain/steps.ts'
import { versionTime } from '../domain/version.ts'
import type { ServiceDeps } from './deps.ts'
import { changeUser, readRecord, readRecords, stampVersion, userNotFound } from './records.ts'
import { saveDeciding } from './save-deciding.ts'
import { standingIn } from './standings.ts'
import type { BlockedViewer } from './verbs.ts'

/** See {@link PresenceVerbs.listBlocks}. */
export async function listBlocks(deps: ServiceDeps, userId: string): Promise<BlockedViewer[]> {
  const { pairs } = await readRecord(deps, userId)
  return pairs
    .filter(({ blocked }) => blocked)
    .toSorted((a, b) => b.version - a.version)
    .map(({ viewerId, version }) => ({ userId: viewerId, blockedAt: versionTime(version) }))
}

/** See {@link PresenceVerbs.setBlock}. */
export async function setBlock(deps: ServiceDeps, userId: string, viewerId: string, blocked: boolean): Promise<void> {
  if (userId === viewerId) throw new PresenceError('INVALID_ID', 'Nobody can block themself.')
  const record = await readRecord(deps, userId)
  const { pairs } = record
  const isBlocked = pairs.some((pair) => pair.viewerId === viewerId && pair.blocked)
  if (isBlocked === blocked) return
  if (blocked) await checkBlock(deps, viewerId, pairs.filter((pair) => pair.blocked).length)
  // Which audience they are of while they are not blocked.
  const { audience } = await standingIn(deps, { ...record, pairs: NO_PAIRS }, viewerId)
  if (audience === 'nobody') return
  const blocking = { viewerId, blocked, version: await stampVersion(deps, userId) }
  const decision = { kind: 'block', userId, ...pairOf(record, blocking, audience) } as const
  await saveDeciding(deps, decision, {
    narrowing: blocked,
    sentence: 'They see nothing of you any more, but it is not stored yet. It is tried again by itself.',
    async apply() {
      const { after } = await changeUser(deps, userId, (current, now) =>
        setBlocked(current, blocking, audience, now, deps.rules),
      )
      // They saw something that was not there when it was decided.
      const pair = pairWith(after.pairs, viewerId)
      if (pair?.version === blocking.version && pair.floor !== decision.floor) {
        deps.pendingDecisions.add({ ...decision, floor: pair.floor })
      }
    },
  })
}

/** @throws {PresenceError} LIMIT_EXCEEDED, USER_NOT_FOUND */
async function checkBlock(deps: ServiceDeps, viewerId: string, count: number): Promise<void> {
  if (count >= deps.maxBlocks) {
    throw new PresenceError('LIMIT_EXCEEDED', `Nobody blocks more than ${deps.maxBlocks} users.`)
  }
  try {
    if (!(await readRecords(deps, [viewerId], null)).has(viewerId)) throw userNotFound()
  } catch (error) {
    // Nobody can say whether there is such a user: blocking them does no harm (R32).
    if (!(error instanceof PresenceError && error.retryable)) throw error
  }
}
