import type { Revocation } from '../../domain/session.ts'
import { isShown } from '../../domain/user-record.ts'
import { changedPairs, NO_PAIRS } from '../../domain/pairs.ts'
import { isOpen, type Levels, OPEN_LEVELS } from '../../domain/visibility.ts'
import type { RecordChange, RemoteChange } from '../contract.ts'
import {
  type LevelsTuple,
  levelsFrom,
  levelsTuple,
  type PairTuple,
  pairFrom,
  pairTuple,
  type ViewTuple,
  viewOf,
  viewTuple,
} from './record-codec.ts'
import { isNeighbour, SCHEMA_VERSION } from './schema.ts'

type EndedTuple = readonly [sessionId: string, endedAt: number, revoked: boolean, why?: Revocation]

/** What other nodes have to know of a change, as it travels. Optional parts are left out when they say nothing. */
interface NewsJson {
  /** Schema version (R55). */
  readonly v: number
  /** The process that made the change, for it to know its own. */
  readonly n: string
  readonly u: string
  readonly o: ViewTuple
  readonly t: ViewTuple
  /** The views before, where they moved. */
  readonly bo?: ViewTuple
  readonly bt?: ViewTuple
  /** What contacts see, where it is not what strangers do; and before. */
  readonly k?: ViewTuple
  readonly bk?: ViewTuple
  readonly z: boolean
  readonly bz?: boolean
  /** Levels where anything is narrowed, and those before. */
  readonly y?: LevelsTuple
  readonly by?: LevelsTuple
  /** Pairs that changed; empty when there are others only. */
  readonly p?: readonly PairTuple[]
  readonly at: number
  readonly e?: readonly EndedTuple[]
  /** The host said something else of the user's access. */
  readonly b?: true
  /** The trace it belongs to, by W3C Trace Context. */
  readonly tp?: string
}

export interface News {
  readonly origin: string
  readonly change: RemoteChange
}

/**
 * The news of a change, or null when no other node has anything to learn from it.
 *
 * @param traceparent of the trace that the change belongs to
 */
export function encodeNews(
  { before, after, ended, at }: RecordChange,
  origin: string,
  nodeId: string,
  traceparent?: string,
): string | null {
  const revoked = new Map(after.revoked.map(({ sessionId, why }) => [sessionId, why]))
  // Those of this node are closed by it; those in grace have no connection.
  const elsewhere = ended
    .filter(({ session }) => session.nodeId !== nodeId && session.lost === null)
    .map(({ session: { sessionId }, endedAt }): EndedTuple => {
      const why = revoked.get(sessionId)
      return why === undefined ? [sessionId, endedAt, false] : [sessionId, endedAt, true, why]
    })
  const pairs = changedPairs(before.pairs, after.pairs)
  const moved =
    before.own.version !== after.own.version ||
    before.stranger.version !== after.stranger.version ||
    before.contact.version !== after.contact.version ||
    pairs.length > 0
  const decided = before.visibility.version !== after.visibility.version
  const accessChanged = before.access !== after.access
  if (!moved && !decided && !accessChanged && elsewhere.length === 0) return null
  const news: NewsJson = {
    v: SCHEMA_VERSION,
    n: origin,
    u: after.userId,
    o: viewTuple(after.own),
    t: viewTuple(after.stranger),
    ...(before.own.version !== after.own.version && { bo: viewTuple(before.own) }),
    ...(before.stranger.version !== after.stranger.version && { bt: viewTuple(before.stranger) }),
    ...(after.contact !== after.stranger && { k: viewTuple(after.contact) }),
    ...(before.contact !== before.stranger && { bk: viewTuple(before.contact) }),
    z: isShown(after),
    ...(isShown(before) !== isShown(after) && { bz: isShown(before) }),
    ...(!isOpen(after.visibility.levels) && { y: levelsTuple(after.visibility.levels) }),
    ...(!isOpen(before.visibility.levels) && { by: levelsTuple(before.visibility.levels) }),
    ...(after.pairs.length > 0 && { p: pairs.map(pairTuple) }),
    at,
    ...(elsewhere.length > 0 && { e: elsewhere }),
    ...(accessChanged && { b: true as const }),
    ...(traceparent !== undefined && { tp: traceparent }),
  }
  return JSON.stringify(news)
}

/** Whether this process made these news itself, without reading all of them. */
export const isNewsOf = (origin: string, text: string): boolean =>
  text.startsWith(`{"v":${SCHEMA_VERSION},"n":"${origin}",`)

/** Whether these news are about this user, whatever version wrote them. */
export const isNewsAbout = (userId: string, text: string): boolean => (JSON.parse(text) as NewsJson).u === userId

/** Null for news of a version that this build cannot read: it compares with the store instead. */
export function decodeNews(text: string): News | null {
  const news = JSON.parse(text) as NewsJson
  if (!isNeighbour(news.v)) return null
  const [own, stranger] = [viewOf(news.o), viewOf(news.t)]
  const strangerBefore = news.bt ? viewOf(news.bt) : stranger
  return {
    origin: news.n,
    change: {
      userId: news.u,
      own,
      contact: news.k ? viewOf(news.k) : stranger,
      stranger,
      visibility: { visible: news.z, levels: levelsIn(news.y) },
      before: {
        own: news.bo ? viewOf(news.bo) : own,
        contact: news.bk ? viewOf(news.bk) : strangerBefore,
        stranger: strangerBefore,
        visibility: { visible: news.bz ?? news.z, levels: levelsIn(news.by) },
      },
      hasPairs: news.p !== undefined,
      pairs: news.p?.map(pairFrom) ?? NO_PAIRS,
      at: news.at,
      accessChanged: news.b === true,
      ...(news.tp !== undefined && { traceparent: news.tp }),
      ended: (news.e ?? []).map(([sessionId, endedAt, revoked, why = 'SIGNED_OUT']) => ({
        sessionId,
        endedAt,
        why: revoked ? why : null,
      })),
    },
  }
}

const levelsIn = (tuple: LevelsTuple | undefined): Levels => (tuple ? levelsFrom(tuple) : OPEN_LEVELS)
