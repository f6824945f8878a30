import { usePresenceContext } from './presence-context.ts'
import { usePresenceWords } from './use-presence-words.ts'
import { useTimeText } from './use-time-text.ts'
import { goneAt, presenceText, type Worded } from './words.ts'

/**
 * "online", "away", "last seen 5 minutes ago", kept right as time passes. For a presence at hand, such as one's own.
 *
 * @param locale @default the provider's
 */
export function usePresenceText(presence: Worded, locale?: string): string {
  const around = usePresenceContext()
  const language = locale ?? around.locale
  const words = usePresenceWords(language)
  const word = (now: number): string => presenceText(presence, now, language, words)
  return useTimeText(word, goneAt(presence) !== null, words[presence.status])
}
