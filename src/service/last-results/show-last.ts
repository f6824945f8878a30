import { presenceInfo } from '../../domain/info.ts'
import { AVAILABILITY, isPresent, type Status, STATUSES } from '../../domain/status.ts'
import { isShown } from '../../domain/user-record.ts'
import type { View } from '../../domain/view.ts'
import type { ProviderPosition } from '../../store/contract.ts'
import { isPresumed } from '../believe.ts'
import type { ServiceDeps } from '../deps.ts'
import { boundsOf, FROM_THE_TOP, nextPlace, type Shown, shownOf, stillMatches } from '../find-providers.ts'
import { readLive } from '../records.ts'
import type { FoundProvider, ProviderQuery, ProviderResult } from '../verbs.ts'
import type { LastPage, LastPages } from './last-pages.ts'

/** Somebody on a remembered page, as they are now. */
interface Current extends Shown {
  /** The store has only PostgreSQL's word for it that they are here. */
  readonly doubted: boolean
}

/**
 * Shows a remembered page as it can be shown while nobody can be searched (R50): everybody as the live truth has them, whoever is not
 * live as they were known last, and nobody in a place, or in a count, that they are not in any more (R31, R32).
 *
 * @throws {PresenceError} STORE_UNAVAILABLE when nobody knows who hid meanwhile
 */
export async function showLast(
  deps: Pick<ServiceDeps, 'hot' | 'rules' | 'rollout'>,
  pages: LastPages,
  page: LastPage,
): Promise<ProviderResult> {
  const { query, result, at } = page
  const live = await readLive(
    deps,
    result.providers.map(({ userId }) => userId),
  )
  const now = deps.hot.now()
  const bounds = boundsOf(query, now)
  const current = new Map<string, Current>()
  for (const { userId } of result.providers) {
    const record = live.get(userId)
    // Whoever hid is known as somebody who is not here: that they are here, nobody may conclude (R31).
    const shown = record && isShown(record) ? shownOf(record) : notLive(pages.shown(userId))
    if (shown) current.set(userId, { ...shown, doubted: record !== undefined && isPresumed(record) })
  }
  const end = result.next === null ? null : result.providers.at(-1)
  const providers = result.providers
    .flatMap((card) => {
      const known = current.get(card.userId)
      if (!known || pages.wasRelisted(card.userId, at) || !stillMatches(known, bounds)) return []
      return [moved(card, known, query)]
    })
    // Whoever fell behind the end of the page is on another one.
    .filter(({ position }) => !end || inOrder(position, end.position) <= 0)
    .toSorted((a, b) => inOrder(a.position, b.position))
  return {
    providers,
    next: result.next && nextPlace(query.place ?? FROM_THE_TOP, providers, result.providers),
    counts: recount(pages, page, current),
    asOf: result.asOf,
    stale: true,
    ageMs: Math.max(0, now - at),
  }
}

/** Whoever was present when they were heard of last, and is not live now, has left unheard: nobody knows when, or whether they hid. */
const notLive = (shown: Shown | undefined): Shown | undefined =>
  shown && isPresent(shown.view.status) ? undefined : shown

function moved(card: FoundProvider, { view, doubted }: Current, { sort }: ProviderQuery): FoundProvider {
  const presence = presenceInfo(card.userId, view, true)
  return {
    ...card,
    presence: doubted && isPresent(view.status) ? { ...presence, stale: true } : presence,
    version: view.version,
    position: hasMoved(card, view) ? { ...card.position, keys: keysOf(card, view, sort) } : card.position,
  }
}

function hasMoved({ presence }: FoundProvider, { status, lastSeenAt }: View): boolean {
  if (status !== presence.online_status) return true
  return !isPresent(status) && (presence.last_seen === null ? null : Date.parse(presence.last_seen)) !== lastSeenAt
}

/** The keys by which PostgreSQL would sort them now. */
function keysOf({ position }: FoundProvider, view: View, sort: ProviderQuery['sort']): ProviderPosition['keys'] {
  const rank = AVAILABILITY[view.status]
  if (isByNumber(sort)) return [position.keys[0], rank]
  return [rank, isPresent(view.status) ? 0 : (view.lastSeenAt ?? 0)]
}

/** Descending by both keys and the id, as PostgreSQL sorts UUIDs and numbers. */
function inOrder(a: ProviderPosition, b: ProviderPosition): number {
  const byId = b.id.length - a.id.length || (a.id === b.id ? 0 : a.id < b.id ? 1 : -1)
  return b.keys[0] - a.keys[0] || b.keys[1] - a.keys[1] || byId
}

/** The counts of then, less whoever is known to be something else by now; most of a city, nobody can look up (R50). */
function recount(pages: LastPages, { query, result, at }: LastPage, current: ReadonlyMap<string, Shown>) {
  const counts = { ...result.counts }
  const move = (from: Status, to: Status): void => {
    if (from === to) return
    if (from !== 'offline') counts[from] = Math.max(0, counts[from] - 1)
    if (to !== 'offline') counts[to] += 1
  }
  for (const { userId, position } of result.providers) {
    // Whoever left unheard is not here.
    move(countedAs(position, query.sort), current.get(userId)?.view.status ?? 'offline')
  }
  const onPage = new Set(result.providers.map(({ userId }) => userId))
  const hidden = pages.hidings(at).filter(({ userId }) => !onPage.has(userId))
  const counted = hidden.length === 0 ? onPage : pages.knownIn(query)
  for (const { userId, from } of hidden) if (counted.has(userId)) move(from.status, 'offline')
  return counts
}

/** The status that PostgreSQL sorted somebody by, in the statement that counted them. */
function countedAs({ keys }: ProviderPosition, sort: ProviderQuery['sort']): Status {
  const rank = isByNumber(sort) ? keys[1] : keys[0]
  return STATUSES.find((status) => AVAILABILITY[status] === rank) ?? 'offline'
}

const isByNumber = (sort: ProviderQuery['sort']): boolean => sort === 'rating' || sort === 'price'
