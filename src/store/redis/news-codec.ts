import type { Revocation } from '../../domain/session.ts'
import type { RecordChange, RemoteChange } from '../contract.ts'
import { isShown } from '../../domain/user-record.ts'
import { type ViewTuple, viewOf, viewTuple } from './record-codec.ts'
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
  readonly z: boolean
  readonly bz?: boolean
  readonly at: number
  readonly e?: readonly EndedTuple[]
  /** The host said something else of the user's access. */
  readonly b?: true
}

export interface News {
  readonly origin: string
  readonly change: RemoteChange
}

/** The news of a change, or null when no other node has anything to learn from it. */
export function encodeNews({ before, after, ended, at }: RecordChange, origin: string, nodeId: string): string | null {
  const revoked = new Map(after.revoked.map(({ sessionId, why }) => [sessionId, why]))
  // Those of this node are closed by it; those in grace have no connection.
  const elsewhere = ended
    .filter(({ session }) => session.nodeId !== nodeId && session.lost === null)
    .map(({ session: { sessionId }, endedAt }): EndedTuple => {
      const why = revoked.get(sessionId)
      return why === undefined ? [sessionId, endedAt, false] : [sessionId, endedAt, true, why]
    })
  const moved = before.own.version !== after.own.version || before.stranger.version !== after.stranger.version
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
    z: isShown(after),
    ...(isShown(before) !== isShown(after) && { bz: isShown(before) }),
    at,
    ...(elsewhere.length > 0 && { e: elsewhere }),
    ...(accessChanged && { b: true as const }),
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
  const own = viewOf(news.o)
  const stranger = viewOf(news.t)
  return {
    origin: news.n,
    change: {
      userId: news.u,
      own,
      stranger,
      before: { own: news.bo ? viewOf(news.bo) : own, stranger: news.bt ? viewOf(news.bt) : stranger },
      visible: news.z,
      wasVisible: news.bz ?? news.z,
      at: news.at,
      accessChanged: news.b === true,
      ended: (news.e ?? []).map(([sessionId, endedAt, revoked, why = 'SIGNED_OUT']) => ({
        sessionId,
        endedAt,
        why: revoked ? why : null,
      })),
    },
  }
}
