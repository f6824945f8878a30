import { createContext, useContext } from 'react'
import type { PresenceClient } from '../client/contract.ts'
import type { MyPresenceStore } from './my-presence.ts'
import type { PresenceWords } from './words.ts'

/** What a provider hands down. It stays the same object until one of its parts is another. */
export interface PresenceSurroundings {
  readonly client: PresenceClient
  readonly mine: MyPresenceStore
  readonly locale: string
  /** What the host translated; the rest is filled in where it is said. */
  readonly translations: Partial<PresenceWords>
}

export const PresenceContext = /* @__PURE__ */ createContext<PresenceSurroundings | null>(null)

/** @throws {Error} outside a provider, which is a mistake in the page */
export function usePresenceContext(): PresenceSurroundings {
  const surroundings = useContext(PresenceContext)
  if (surroundings === null) throw new Error('Porchlight: this component is not inside a <PresenceProvider>.')
  return surroundings
}
