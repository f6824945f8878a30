import { useTimeText } from './use-time-text.ts'
import { useWords } from './use-words.ts'
import { goneAt, presenceText, type Worded } from './words.ts'

/**
 * "online", "away", "last seen 5 minutes ago", kept right as time passes. For a presence at hand: one's own, or one
 * that came with a list.
 */
export function usePresenceText(presence: Worded, locale?: string): string {
  const { language, words } = useWords(locale)
  const word = (now: number): string => presenceText(presence, now, language, words)
  return useTimeText(word, goneAt(presence) !== null, words[presence.status])
}
