import { foldName, isNamed } from '../../domain/fold-name.ts'
import { shortName } from '../../domain/short-name.ts'
import { PresenceError } from '../../domain/errors.ts'
import { AVAILABILITY, isPresent } from '../../domain/status.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import { versionTime } from '../../domain/version.ts'
import { UNSEEN, type View } from '../../domain/view.ts'
import type {
  Bounds,
  Listing,
  ProviderPage,
  ProviderPosition,
  ProviderRow,
  ProviderSearch,
  ProviderSort,
} from '../contract.ts'

/** A provider of a directory in memory: what is searched by, and whatever else the host gives out of one. */
export interface MemoryProvider extends Readonly<Record<string, unknown>> {
  /** The provider's user id. */
  readonly id: string
  readonly city_id?: string | number | null
  readonly service_ids?: readonly (string | number)[]
  readonly rating?: number | null
  readonly price?: number | null
  readonly name?: string | null
}

/** What strangers may know of a provider. */
export interface PublicPresence {
  readonly view: View
  readonly activityAt: number | null
}

interface Candidate {
  readonly provider: MemoryProvider
  readonly presence: PublicPresence
}

/** Somebody of whom nothing is stored. */
export const NEVER_SEEN: PublicPresence = { view: { ...UNSEEN, version: 0 }, activityAt: null }

// Whoever names no price comes after everybody who does; a number that JSON can carry in a cursor.
const NO_PRICE = 1e15

/** Nobody moves in the list while they are present, however active (R31). */
const seenKey = ({ status, lastSeenAt }: View): number => (isPresent(status) ? 0 : (lastSeenAt ?? 0))

const available = ({ presence: { view } }: Candidate): ProviderPosition['keys'] => [
  AVAILABILITY[view.status],
  seenKey(view),
]

/** Present people are seen now, so those who answer soonest come first by last seen, too. */
const KEYS: Record<ProviderSort, (candidate: Candidate) => ProviderPosition['keys']> = {
  availability: available,
  last_seen: available,
  rating: ({ provider, presence: { view } }) => [provider.rating ?? 0, AVAILABILITY[view.status]],
  price: ({ provider, presence: { view } }) => [-(provider.price ?? NO_PRICE), AVAILABILITY[view.status]],
}

/** Searches a directory in memory, together with what strangers may know (R30, R31). */
export function searchProviders(
  providers: readonly MemoryProvider[],
  presenceOf: (userId: string) => PublicPresence | null,
  codec: UserIdCodec,
  search: ProviderSearch,
): ProviderPage {
  const { after, limit, sort } = search
  if (after !== null && (codec.parse(after.id) === null || !after.keys.every(Number.isFinite))) {
    throw new PresenceError('INVALID_CURSOR', 'This cursor is not one of ours.')
  }
  const inScope = providers
    .filter((provider) => isInScope(provider, search))
    .map((provider) => {
      const presence = presenceOf(provider.id) ?? NEVER_SEEN
      return { provider, presence: search.hidden.includes(provider.id) ? masked(presence) : presence }
    })
  const order = orderOf(codec)
  const shown = new Set(search.shown)
  const rows = inScope
    .filter(({ provider, presence }) => fits(presence, search) && isWanted(provider, search))
    .filter(({ provider }) => !shown.has(shortName(provider.id)))
    .map((candidate) => providerRow(candidate, sort))
    .filter(({ position }) => after === null || order(position, after) > 0)
    .sort((a, b) => order(a.position, b.position))
  return {
    rows: rows.slice(0, limit),
    more: rows.length > limit,
    counts: { online: count(inScope, 'online'), away: count(inScope, 'away'), dnd: count(inScope, 'dnd') },
    asOf: asOf(inScope),
  }
}

/** Somebody whose hiding is not stored yet. The version moves nothing: whoever hid long ago may have said so again (R31). */
const masked = ({ view: { version } }: PublicPresence): PublicPresence => ({
  view: { ...UNSEEN, version },
  activityAt: null,
})

function isInScope({ city_id, service_ids = [] }: MemoryProvider, { cityId, serviceId }: ProviderSearch): boolean {
  const inCity = cityId === null || String(city_id) === cityId
  return inCity && (serviceId === null || service_ids.some((id) => String(id) === serviceId))
}

/** Where a search looks for a provider. */
export const listingOf = ({ city_id, service_ids = [] }: MemoryProvider, presence: PublicPresence | null): Listing => ({
  cityId: city_id == null ? null : String(city_id),
  serviceIds: service_ids.map(String),
  version: presence?.view.version ?? 0,
})

function isWanted({ name, price, rating }: MemoryProvider, search: ProviderSearch): boolean {
  const hasName = search.name === null || (name != null && isNamed(foldName(name), search.name))
  return hasName && isWithin(price, search.price) && isWithin(rating, search.rating)
}

function isWithin(value: number | null | undefined, { min, max }: Bounds): boolean {
  if (min === null && max === null) return true
  return value != null && value >= (min ?? value) && value <= (max ?? value)
}

/** Whether a presence is what was asked for; all conditions must hold, bounds are inclusive. */
export function fits(
  { view, activityAt }: PublicPresence,
  { statuses, seenSince, activeSince }: Pick<ProviderSearch, 'statuses' | 'seenSince' | 'activeSince'>,
): boolean {
  const since = (at: number | null, bound: number) => at !== null && at >= bound
  return (
    (statuses === null || statuses.includes(view.status)) &&
    (seenSince === null || isPresent(view.status) || since(view.lastSeenAt, seenSince)) &&
    (activeSince === null || view.status === 'online' || since(activityAt, activeSince))
  )
}

const providerRow = (candidate: Candidate, sort: ProviderSort): ProviderRow => ({
  userId: candidate.provider.id,
  fields: { ...candidate.provider },
  position: { keys: KEYS[sort](candidate), id: candidate.provider.id },
  shownActivityAt: candidate.presence.activityAt,
})

const count = (candidates: readonly Candidate[], status: View['status']): number =>
  candidates.filter(({ presence }) => presence.view.status === status).length

function asOf(candidates: readonly Candidate[]): number | null {
  const newest = Math.max(0, ...candidates.map(({ presence }) => presence.view.version))
  // Version 0 is that of somebody of whom nothing was ever told.
  return newest === 0 ? null : versionTime(newest)
}

/** Descending by both keys and the id, which as a column compares as a number unless it is a UUID. */
function orderOf({ sqlType }: UserIdCodec): (a: ProviderPosition, b: ProviderPosition) => number {
  const idOrder = (a: string, b: string): number => (a === b ? 0 : a < b ? 1 : -1)
  const compareIds = sqlType === 'uuid' ? idOrder : (a: string, b: string) => Number(b) - Number(a)
  return (a, b) => b.keys[0] - a.keys[0] || b.keys[1] - a.keys[1] || compareIds(a.id, b.id)
}
