import { useSyncExternalStore } from 'react'
import { sharedClock } from './shared-clock.ts'

const standsStill = (): (() => void) => () => {}

/**
 * Words that depend on the moment. Renders again when the words change, not with every tick.
 *
 * @param moves whether the words change by themselves as time passes
 * @param onServer what is said until a browser's clock is known: two clocks would word it differently
 */
export const useTimeText = (word: (now: number) => string, moves: boolean, onServer: string): string =>
  useSyncExternalStore(
    moves ? sharedClock.subscribe : standsStill,
    () => word(sharedClock.get()),
    () => onServer,
  )
