import type { Decision, OwnPresence, Readable } from '../client/contract.ts'
import type { PresenceInfo } from '../domain/info.ts'

/** Why a decision did not go as it was shown. */
export interface Refusal {
  readonly code: string
  /** A sentence for a person. */
  readonly message: string
  /** Whether the same decision may succeed later. */
  readonly retryable: boolean
  /** False when it holds all the same: hiding is in force before it is stored (R32). */
  readonly takenBack: boolean
}

/** The signed-in user's own presence, with what they just decided already in it. */
export interface MyPresenceState {
  /** Null until the server told. */
  readonly presence: PresenceInfo | null
  /** True while a decision waits for its answer. */
  readonly pending: boolean
  /** What became of the last decision, null when nothing is wrong. The next one clears it. */
  readonly error: Refusal | null
}

/** Never fails with a refusal: that is in the state. Resolves to whether the decision holds. */
export interface MyPresenceStore extends Readable<MyPresenceState> {
  setStatus(decision: Decision): Promise<boolean>
  setVisible(visible: boolean): Promise<boolean>
}

type Change = (presence: PresenceInfo) => PresenceInfo
type Subject = 'choice' | 'visibility'

/** What a decision makes of the presence: while it is under way, and after that until the server tells. */
interface Guess {
  readonly change: Change
  /** What was known when the answer came; with anything newer the guess is over. Undefined before the answer. */
  readonly over?: PresenceInfo | null
}

/**
 * Shows every decision at once, over what the server says, and takes it back with the reason when it is refused.
 *
 * Decisions on one subject reach the server in the order in which they were made, and only the newest is shown. Hiding
 * does not wait for a status that hangs.
 */
export function createMyPresence(own: OwnPresence): MyPresenceStore {
  const guesses = new Map<Subject, Guess>()
  const lines = new Map<Subject, Promise<unknown>>()
  const listeners = new Set<() => void>()
  let error: Refusal | null = null
  let shown: { readonly base: PresenceInfo | null; readonly state: MyPresenceState } | null = null

  const changed = (): void => {
    shown = null
    for (const listener of listeners) listener()
  }

  function get(): MyPresenceState {
    const base = own.get()
    if (shown?.base !== base || shown === null) shown = { base, state: stateOver(base) }
    return shown.state
  }

  function stateOver(base: PresenceInfo | null): MyPresenceState {
    let presence = base
    let pending = false
    for (const { change, over } of guesses.values()) {
      pending ||= over === undefined
      if (presence && (over === undefined || over === base)) presence = change(presence)
    }
    return { presence, pending, error }
  }

  /** Runs `ask` after what was asked before on this subject. */
  function inLine<Answer>(subject: Subject, ask: () => Promise<Answer>): Promise<Answer> {
    const answer = (lines.get(subject) ?? Promise.resolve()).then(ask)
    lines.set(
      subject,
      answer.catch(() => {}),
    )
    return answer
  }

  async function decide(subject: Subject, change: Change, ask: () => Promise<PresenceInfo | void>): Promise<boolean> {
    const guess = { change }
    let before: PresenceInfo | null = null
    const settle = (settled: Change | null, refusal: Refusal | null): void => {
      // A newer decision on the same subject shows itself, and will have an answer of its own.
      if (guesses.get(subject) !== guess) return
      const over = own.get()
      // News that came meanwhile holds this decision, or is followed by news that does.
      if (settled && over === before) guesses.set(subject, { change: settled, over })
      else guesses.delete(subject)
      error = refusal
      changed()
    }

    guesses.set(subject, guess)
    error = null
    changed()
    try {
      const answer = await inLine(subject, () => {
        before = own.get()
        return ask()
      })
      settle(answer ? answering(answer) : change, null)
      return true
    } catch (thrown) {
      const refusal = isRefusal(thrown) ? refusalOf(thrown) : null
      settle(refusal?.takenBack === false ? change : null, refusal)
      if (refusal === null) throw thrown
      return !refusal.takenBack
    }
  }

  return {
    get,
    subscribe(listener) {
      const stop = own.subscribe(listener)
      listeners.add(listener)
      return () => {
        stop()
        listeners.delete(listener)
      }
    },
    setStatus: (decision) => decide('choice', choosing(decision), () => own.setStatus(decision)),
    setVisible: (visible) => decide('visibility', showing(visible), () => own.setVisible(visible)),
  }
}

const showing =
  (visible: boolean): Change =>
  (presence) => ({ ...presence, show_status: visible })

/** An answer to a choice; whether others may see it is another subject, and may have moved on. */
const answering =
  (answer: PresenceInfo): Change =>
  ({ show_status }) => ({ ...answer, show_status })

/** A message that is left out is kept; empty or null clears it (R15). */
function choosing({ status, message }: Decision): Change {
  return (presence) => {
    if (message === undefined) return { ...presence, online_status: status }
    const { custom_message: _replaced, ...rest } = presence
    const text = message?.trim() ?? ''
    return { ...rest, online_status: status, ...(text === '' ? {} : { custom_message: text }) }
  }
}

/** Hiding fails private: it is in force although it is not stored yet (R32). */
export const refusalOf = ({ code, message, retryable }: Omit<Refusal, 'takenBack'>): Refusal => ({
  code,
  message,
  retryable,
  takenBack: code !== 'NOT_DURABLE',
})

/** By its form: a page that bundles the client twice has two classes of the same error. */
export function isRefusal(thrown: unknown): thrown is Omit<Refusal, 'takenBack'> {
  if (!(thrown instanceof Error)) return false
  const { code, retryable } = thrown as Partial<Refusal>
  return typeof code === 'string' && typeof retryable === 'boolean'
}
