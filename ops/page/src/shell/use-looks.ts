import { useEffect, useRef, useState } from 'react'
import { type Refusal, refusalOf } from '../api.ts'

export interface Looks {
  /** Of the last look; null: it was answered. */
  readonly refusal: Refusal | null
  /** Looks at once. */
  readonly again: () => void
}

/**
 * Looks again and again while the page is seen, never twice at once.
 *
 * @param look stands for what is looked for: another one begins anew
 */
export function useLooks(
  look: (signal: AbortSignal) => Promise<void>,
  everyMs: number,
  onForbidden: (why: string) => void,
): Looks {
  const [refusal, setRefusal] = useState<Refusal | null>(null)
  const [round, setRound] = useState(0)
  const forbidden = useRef(onForbidden)
  useEffect(() => {
    forbidden.current = onForbidden
  })

  useEffect(() => {
    const stop = new AbortController()
    let timer: number | undefined
    const run = async (): Promise<void> => {
      try {
        if (document.visibilityState === 'visible') await look(stop.signal)
        if (!stop.signal.aborted) setRefusal(null)
      } catch (error) {
        if (stop.signal.aborted) return
        const refused = refusalOf(error)
        if (refused.isForbidden) forbidden.current(refused.message)
        else setRefusal(refused)
      }
      if (!stop.signal.aborted) timer = window.setTimeout(() => void run(), everyMs)
    }
    void run()
    return () => {
      stop.abort()
      window.clearTimeout(timer)
    }
  }, [look, everyMs, round])

  return { refusal, again: () => setRound((before) => before + 1) }
}
