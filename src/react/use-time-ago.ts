import { relativeTime } from '../domain/last-seen.ts'
import { usePresenceContext } from './presence-context.ts'
import { useTimeText } from './use-time-text.ts'

/**
 * "5 minutes ago", kept right as time passes; empty for no time, and on a server.
 *
 * @param at ISO 8601, or null
 * @param locale @default the provider's
 */
export function useTimeAgo(at: string | null, locale?: string): string {
  const around = usePresenceContext()
  const language = locale ?? around.locale
  const word = (now: number): string => (at === null ? '' : relativeTime(Date.parse(at), now, language))
  return useTimeText(word, at !== null, '')
}
