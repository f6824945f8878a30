import { useMemo } from 'react'
import { type MyPresenceState, type MyPresenceStore } from './my-presence.ts'
import { usePresenceContext } from './presence-context.ts'
import { useReadable } from './use-readable.ts'

export interface MyPresence extends MyPresenceState, Pick<MyPresenceStore, 'setStatus' | 'setVisible'> {}

const NOTHING: MyPresenceState = { presence: null, pending: false, error: null }

/**
 * The signed-in user's own presence, and what they may decide about it. A decision is shown at once and taken back, with
 * the reason in `error`, when it is refused. All components of one provider see the same.
 */
export function useMyPresence(): MyPresence {
  const { mine } = usePresenceContext()
  const state = useReadable(mine, NOTHING)
  return useMemo(() => ({ ...state, setStatus: mine.setStatus, setVisible: mine.setVisible }), [state, mine])
}
