import { useMemo } from 'react'
import { usePresenceContext } from './presence-context.ts'
import { type PresenceWords, resolveWords } from './words.ts'

/** The words of the provider around, for a page that says a status itself. @param locale @default the provider's */
export function usePresenceWords(locale?: string): PresenceWords {
  const around = usePresenceContext()
  const language = locale ?? around.locale
  return useMemo(() => resolveWords(language, around.translations), [language, around.translations])
}
