import type { KeyboardEvent } from 'react'

/** Arrow keys, Home and End go from card to card, as they lie on the screen. Tab goes on as everywhere. */
export function moveAmongCards(event: KeyboardEvent<HTMLElement>): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
  const cards = Array.from(event.currentTarget.querySelectorAll<HTMLElement>(':scope > li:not([inert])'))
  const at = cards.findIndex((card) => card.contains(event.target as Node))
  const to = target(event.key, at, cards)
  if (at < 0 || to === null) return
  event.preventDefault()
  cards[to]?.querySelector('a')?.focus()
}

/** @returns the place of the card a key leads to; null when it leads nowhere */
function target(key: string, at: number, cards: readonly HTMLElement[]): number | null {
  const top = cards[0]?.offsetTop
  const columns = cards.filter(({ offsetTop }) => offsetTop === top).length
  const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }
  if (key === 'Home') return 0
  if (key === 'End') return cards.length - 1
  const step = steps[key]
  if (step === undefined) return null
  return at + step in cards ? at + step : null
}
