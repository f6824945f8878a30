import { createHash } from 'node:crypto'
import { ALL_SEARCHES, cityKey, providerKey, serviceKey } from '../../service/surrogate-keys.ts'
import type { ProviderQuery, ProviderResult } from '../../service/verbs.ts'

/** Seconds for which a cache outside may answer by itself. The smallest there are: caches count in whole ones. */
const FRESH_S = 1
/** A cache that counts in whole seconds, as nginx does, keeps an answer for up to a second more. */
const ROUNDING_S = 1

/**
 * How long the same answer may be given to everybody. The total until somebody who hid is gone from every cache is `edgeMaxAgeMs`
 * (R32): what may be answered while a new one is fetched, or cannot be, is what is left of it.
 */
export function cacheControl(edgeMaxAgeMs: number): string {
  if (edgeMaxAgeMs === 0) return 'no-cache'
  const lateS = Math.floor(edgeMaxAgeMs / 1_000) - FRESH_S - ROUNDING_S
  const late = lateS > 0 ? `, stale-while-revalidate=${lateS}, stale-if-error=${lateS}` : ''
  return `public, max-age=0, s-maxage=${FRESH_S}${late}`
}

/** The keys by which a cache may be purged of an answer: where and what was asked for, and who is on it (R31). */
export const surrogateKeys = ({ cityId, serviceId }: ProviderQuery, { providers }: ProviderResult): string =>
  [ALL_SEARCHES, cityKey(cityId), serviceKey(serviceId), ...providers.map(({ userId }) => providerKey(userId))].join(
    ' ',
  )

/**
 * A tag that is equal for equal answers: of all that is sent, the words for times included, and of nothing else (R31).
 *
 * @param ageS the age that is sent beside the body, in seconds: a cache that compares would keep the old one
 */
export const tagOf = (body: string, ageS: number | null): string =>
  `W/"${createHash('sha1')
    .update(ageS === null ? '' : String(ageS))
    .update(body)
    .digest('base64url')}"`
