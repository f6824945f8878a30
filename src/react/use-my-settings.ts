import { useCallback, useEffect, useRef, useState } from 'react'
import type { PresenceSettings } from '../client/contract.ts'
import { isRefusal, type Refusal, refusalOf } from './my-presence.ts'
import { usePresenceClient } from './use-presence-client.ts'

export interface MySettings {
  /** Null until the server told. */
  readonly settings: PresenceSettings | null
  /** What became of the last change or look, null when nothing is wrong. The next one clears it. */
  readonly error: Refusal | null
  /** Resolves to whether the change holds. */
  readonly change: (part: Partial<PresenceSettings>) => Promise<boolean>
}

/**
 * What the signed-in user lets others know. A change is shown at once and taken back, with the reason in `error`, when it is refused;
 * changes reach the server in the order in which they were made.
 */
export function useMySettings(): MySettings {
  const { own } = usePresenceClient()
  const [settings, setSettings] = useState<PresenceSettings | null>(null)
  const [error, setError] = useState<Refusal | null>(null)
  const line = useRef<Promise<unknown>>(Promise.resolve())
  const newest = useRef(0)

  useEffect(() => {
    let isHere = true
    const here = (act: () => void): void => {
      if (isHere) act()
    }
    own.settings().then(
      // What was decided meanwhile is newer.
      (told) => here(() => newest.current === 0 && setSettings(told)),
      (thrown: unknown) => here(() => setError(refused(thrown))),
    )
    return () => {
      isHere = false
    }
  }, [own])

  const change = useCallback(
    async (part: Partial<PresenceSettings>): Promise<boolean> => {
      newest.current += 1
      const turn = newest.current
      setError(null)
      setSettings((before) => before && { ...before, ...part })
      const answer = line.current.then(() => own.changeSettings(part))
      line.current = answer.catch(() => {})
      try {
        const told = await answer
        if (newest.current === turn) setSettings(told)
        return true
      } catch (thrown) {
        const refusal = refused(thrown)
        setError(refusal)
        // Only the server knows what holds now.
        if (refusal.takenBack) setSettings(await own.settings().catch(() => null))
        return !refusal.takenBack
      }
    },
    [own],
  )

  return { settings, error, change }
}

/** @throws whatever is no refusal */
function refused(thrown: unknown): Refusal {
  if (isRefusal(thrown)) return refusalOf(thrown)
  throw thrown
}
