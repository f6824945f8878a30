import { useMemo } from 'react'
import { usePresenceContext } from './presence-context.ts'
import { type PresenceWords, resolveWords } from './words.ts'

/** The words of the provider around, in its language or another. */
export function useWords(locale?: string): { readonly language: string; readonly words: PresenceWords } {
  const around = usePresenceContext()
  const language = locale ?? around.locale
  return useMemo(
    () => ({ language, words: resolveWords(language, around.translations) }),
    [language, around.translations],
  )
}
