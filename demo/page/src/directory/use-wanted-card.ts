import { type RefObject, useEffect, useRef } from 'react'
import type { Provider } from '../api/directory.ts'

/** Who is to get the focus as soon as their card is drawn: it may only be about to come. */
export type WantedCard = RefObject<((cards: readonly Provider[]) => Provider | undefined) | null>

export const useWantedCard = (): WantedCard => useRef(null)

/** Gives the focus to the wanted card once it is there. */
export function useWantedFocus(
  wanted: WantedCard,
  list: RefObject<HTMLElement | null>,
  cards: readonly Provider[],
): void {
  useEffect(() => {
    const id = wanted.current?.(cards)?.id
    if (id === undefined) return
    wanted.current = null
    list.current?.querySelector<HTMLElement>(`[data-provider-id="${CSS.escape(id)}"] a`)?.focus()
  }, [wanted, list, cards])
}
