import { useEffect, useState } from 'react'
import type { Provider } from '../api/directory.ts'

/** As long as the fade in the style sheet. */
const FADE_MS = 150

interface Drawn {
  readonly of: readonly Provider[]
  readonly cards: readonly Provider[]
  /** Ids of cards that fade out right now, where they were. */
  readonly fading: ReadonlySet<string>
}

const NOBODY: ReadonlySet<string> = new Set()

/** The cards to draw: whoever leaves fades out in their place first, and only then the others close the gap. */
export function useSoftCards(providers: readonly Provider[], isMotionOff: boolean): Omit<Drawn, 'of'> {
  const [drawn, setDrawn] = useState<Drawn>({ of: providers, cards: providers, fading: NOBODY })
  const now = drawn.of === providers ? drawn : isMotionOff ? settled(providers) : fade(drawn, providers)
  if (now !== drawn) setDrawn(now)

  const isFading = now.fading.size > 0
  useEffect(() => {
    if (!isFading) return
    const timer = setTimeout(() => setDrawn(({ of }) => settled(of)), FADE_MS)
    return () => clearTimeout(timer)
  }, [isFading])
  return now
}

const settled = (providers: readonly Provider[]): Drawn => ({ of: providers, cards: providers, fading: NOBODY })

function fade(drawn: Drawn, providers: readonly Provider[]): Drawn {
  const staying = new Map(providers.map((provider) => [provider.id, provider]))
  const gone = drawn.cards.filter(({ id }) => !staying.has(id))
  if (gone.length === 0) return settled(providers)
  return {
    of: providers,
    cards: drawn.cards.map((card) => staying.get(card.id) ?? card),
    fading: new Set(gone.map(({ id }) => id)),
  }
}
