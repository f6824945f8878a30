import type { Request, Response, Router } from 'express'
import { PresenceError } from '../../domain/errors.ts'
import { isoTime } from '../../domain/info.ts'
import type { ProviderList } from '../../protocol/http.ts'
import { parseProviderQuery } from '../../protocol/schemas/provider-query.ts'
import type { ProviderQuery, ProviderResult } from '../../service/verbs.ts'
import { addressKey } from '../address.ts'
import { decodeCursor, encodeCursor } from '../cursor.ts'
import type { HttpDoor } from './door.ts'
import { cacheControl, surrogateKeys, tagOf } from './edge.ts'
import { presenceFields } from './with-presence.ts'

type DirectoryIds = NonNullable<HttpDoor['directoryIds']>

/**
 * The search. It asks nobody who they are and answers everybody the same, the stranger's view, so that answers may be
 * cached and compared (R31).
 */
export function addProviderRoutes(router: Router, path: string, door: HttpDoor, directoryIds: DirectoryIds): void {
  const { verbs, codec, clock = Date.now } = door
  const caching = cacheControl(door.options.edgeMaxAgeMs)

  async function find(request: Request, query: ProviderQuery): Promise<ProviderResult | null> {
    if (!door.addressOf) return verbs.findProviders(query)
    const address = door.addressOf(request)
    await door.limits.spend('searches', address)
    // Whoever has gone meanwhile needs no answer.
    const work = async () => (request.socket.destroyed ? null : verbs.findProviders(query))
    return door.limits.searchTime(addressKey(address), work)
  }

  router.get(path, async (request, response) => {
    const query = providerQuery(request.query, codec, directoryIds)
    const result = await find(request, query)
    if (result === null) return
    response.set('Cache-Control', caching)
    response.set('Surrogate-Key', surrogateKeys(query, result))
    sendTagged(response, providerList(result, query.sort, clock()), ageOf(result))
  })
}

/** Reads the query of a search. @throws {PresenceError} INVALID_QUERY, INVALID_CURSOR */
export function providerQuery(input: unknown, codec: HttpDoor['codec'], directoryIds: DirectoryIds): ProviderQuery {
  const { cursor, ...query } = parseProviderQuery(input)
  checkId('city_id', query.cityId, directoryIds.city)
  checkId('service_id', query.serviceId, directoryIds.service)
  return { ...query, place: cursor === null ? null : decodeCursor(cursor, query.sort, codec) }
}

function checkId(name: string, id: string | null, canBe: (text: string) => boolean): void {
  if (id !== null && !canBe(id)) throw new PresenceError('INVALID_QUERY', `${name} cannot be an id of the directory.`)
}

/** Words a page of the search. `now` is epoch milliseconds, for the words only. */
export const providerList = (result: ProviderResult, sort: ProviderQuery['sort'], now: number): ProviderList => ({
  providers: result.providers.map(({ fields, presence }) => ({ ...fields, ...presenceFields(presence, now) })),
  next_cursor: result.next === null ? null : encodeCursor(sort, result.next),
  counts: { online: result.counts.online, away: result.counts.away, dnd: result.counts.dnd },
  as_of: isoTime(result.asOf),
  stale: result.stale,
})

/** In whole seconds, as HTTP has it; null unless the answer is an old one. */
const ageOf = ({ ageMs }: ProviderResult): number | null => (ageMs === undefined ? null : Math.floor(ageMs / 1_000))

// The tag is made here, because a host may have switched Express's own off.
function sendTagged(response: Response, list: ProviderList, ageS: number | null): void {
  const body = JSON.stringify(list)
  if (ageS !== null) response.set('Age', String(ageS))
  response.set('ETag', tagOf(body, ageS))
  response.type('application/json').send(body)
}
