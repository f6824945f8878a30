import { type ReactNode, useEffect, useMemo } from 'react'
import type { PresenceClient } from '../client/contract.ts'
import { createMyPresence } from './my-presence.ts'
import { PresenceContext } from './presence-context.ts'
import type { PresenceWords } from './words.ts'

export interface PresenceProviderProps {
  /** Made once, outside of rendering. */
  readonly client: PresenceClient
  /** False while nobody is signed in: what was seeded is shown, nothing is live. @default true */
  readonly connect?: boolean
  /** Language of times, as BCP 47 names it. @default 'en' */
  readonly locale?: string
  /** Translations; what is left out stays English. */
  readonly words?: Partial<PresenceWords>
  readonly children?: ReactNode
}

/**
 * Gives presence to everything inside, and connects once it is shown in a browser.
 *
 * It never closes the client: React may take a component away and put it back, as StrictMode does, and closing says
 * goodbye to everybody who watches. Whoever made the client closes it, when the user signs out.
 */
export function PresenceProvider({ client, connect = true, locale = 'en', words, children }: PresenceProviderProps) {
  // By content: words written in the markup are another object with every rendering, and all readers would follow.
  const key = JSON.stringify(words ?? {})
  const mine = useMemo(() => createMyPresence(client.own), [client])
  const translations = useMemo(() => JSON.parse(key) as Partial<PresenceWords>, [key])
  const surroundings = useMemo(() => ({ client, mine, locale, translations }), [client, mine, locale, translations])
  useEffect(() => {
    if (connect) client.connect()
  }, [client, connect])
  return <PresenceContext.Provider value={surroundings}>{children}</PresenceContext.Provider>
}
