import type { ChoosableStatus } from 'porchlight/protocol'
import { type MyPresence, useMyPresence } from 'porchlight/react'
import { useSignal } from '../state/use-signal.ts'
import { choiceEnd, choiceOf, endOf } from './choice-end.ts'
import { type Duration, secondsFor } from './durations.ts'

export interface Choice {
  readonly status: ChoosableStatus
  readonly message: string
  /** `kept`: until when the choice before would have held. */
  readonly duration: Duration | 'kept'
}

export interface OwnChoice extends Omit<MyPresence, 'setStatus'> {
  /** When the current choice ends, epoch milliseconds, as far as this browser knows. */
  readonly until: number | null
  readonly choose: (choice: Choice) => Promise<void>
}

/** One's own presence with the end of the choice, which the presence itself does not tell. */
export function useOwnChoice(): OwnChoice {
  const { setStatus, ...mine } = useMyPresence()
  const { presence } = mine
  const until = endOf(presence, useSignal(choiceEnd), Date.now())

  async function choose({ status, message, duration }: Choice): Promise<void> {
    if (!presence) return
    const now = new Date()
    const seconds = duration === 'kept' ? secondsLeft(until, now) : secondsFor(duration, now)
    const text = message.trim()
    const before = choiceEnd.get()
    const choice = choiceOf({ userId: presence.userId, online_status: status, ...(text && { custom_message: text }) })
    const end = seconds === null ? null : { choice, until: now.getTime() + seconds * 1_000 }
    choiceEnd.set(end)
    const holds = await setStatus({ status, message: text, ...(seconds === null ? {} : { expiresIn: seconds }) })
    if (!holds && choiceEnd.get() === end) choiceEnd.set(before)
  }

  return { ...mine, until, choose }
}

const secondsLeft = (until: number | null, now: Date): number | null =>
  until === null ? null : Math.max(1, Math.ceil((until - now.getTime()) / 1_000))
