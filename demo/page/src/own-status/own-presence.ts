import type { Http } from '../api/http.ts'
import { explain, RequestFailed } from '../api/http.ts'
import { fetchOwnPresence, patchStatus, patchVisibility } from '../api/own.ts'
import type { PresenceClient } from '../presence/presence-client.ts'
import { createSignal, type Signal } from '../presence/signal.ts'
import type { ChoosableStatus, PresenceInfo } from '../presence/wire.ts'
import { type Duration, secondsFor } from './durations.ts'

/** The signed-in person's own presence, as they see it themselves (R33). */
export interface OwnState {
  readonly presence: PresenceInfo | null
  /** When the current choice ends, epoch milliseconds, as far as this tab knows. */
  readonly until: number | null
  readonly busy: boolean
  /** Why the last change was taken back. */
  readonly refused: { readonly message: string; readonly code: string } | null
  /** Something to know about a change that was made. */
  readonly notice: string | null
}

export interface Choice {
  readonly status: ChoosableStatus
  readonly message: string
  /** `kept`: until when the choice before would have held. */
  readonly duration: Duration | 'kept'
}

export interface OwnPresence {
  readonly state: Signal<OwnState>
  /** Asks once, for as long as there is no live connection, which tells by itself. */
  load(userId: string): Promise<void>
  learn(presence: PresenceInfo): void
  choose(choice: Choice): Promise<void>
  setVisible(visible: boolean): Promise<void>
  forget(): void
}

const NOTHING: OwnState = { presence: null, until: null, busy: false, refused: null, notice: null }

/** Every change is shown at once and taken back, with the reason, when the server refuses it. */
export function createOwnPresence(http: Http, client: PresenceClient): OwnPresence {
  const state = createSignal<OwnState>(NOTHING)
  const change = (part: Partial<OwnState>): void => state.set({ ...state.get(), ...part })
  let wish = 0

  /** Shows `guess`, runs `ask`, and keeps its answer or goes back. An older wish never overrules a newer one. */
  async function attempt(
    guess: Partial<OwnState>,
    ask: () => Promise<PresenceInfo | null>,
    onFailure: (error: unknown, back: OwnState) => Partial<OwnState> = (error, back) => ({
      presence: back.presence,
      until: back.until,
      refused: explain(error),
    }),
  ): Promise<void> {
    const back = state.get()
    const mine = ++wish
    change({ ...guess, busy: true, refused: null, notice: null })
    try {
      const presence = await ask()
      if (mine === wish) change({ busy: false, ...(presence ? { presence } : {}) })
    } catch (error) {
      if (mine === wish) change({ busy: false, ...onFailure(error, back) })
    }
  }

  function learn(presence: PresenceInfo): void {
    const { presence: before, busy, until } = state.get()
    // While an answer is awaited, our own guess is newer than what was under way.
    if (busy) return
    const same = before?.online_status === presence.online_status && before.custom_message === presence.custom_message
    change({ presence, until: (same ? until : null) ?? recallEnd(presence) })
  }

  return {
    state,
    async load(userId) {
      try {
        const presence = await fetchOwnPresence(http, userId)
        // Whatever the live connection has told meanwhile is newer.
        if (state.get().presence === null) learn(presence)
      } catch {
        // The live connection tells the same as soon as it stands; until then the menu shows that it is unknown.
      }
    },
    learn,
    async choose({ status, message, duration }) {
      const { presence, until } = state.get()
      if (!presence) return
      const now = new Date()
      const seconds = duration === 'kept' ? secondsLeft(until, now) : secondsFor(duration, now)
      const text = message.trim() === '' ? null : message.trim()
      const wire = { status, message: text, ...(seconds === null ? {} : { expires_in: seconds }) }
      const guess = guessed(presence, status, text)
      const ends = seconds === null ? null : now.getTime() + seconds * 1_000
      rememberEnd(guess, ends)
      await attempt({ presence: guess, until: ends }, async () => {
        if (client.state.get() !== 'live') return await patchStatus(http, wire)
        const reply = await client.setStatus(wire)
        if (reply.ok) return reply.presence
        const { code, message: reason, retryable } = reply.error
        throw new RequestFailed(code, reason, { status: 0, retryable })
      })
    },
    async setVisible(visible) {
      const { presence } = state.get()
      if (!presence) return
      await attempt(
        { presence: { ...presence, show_status: visible } },
        async () => {
          await patchVisibility(http, visible)
          return null
        },
        (error, back) => {
          // Hiding fails private: it is in force although it is not stored yet (R32).
          const inForce = !visible && error instanceof RequestFailed && error.code === 'NOT_DURABLE'
          if (inForce) return { notice: 'You are hidden already. Storing it takes a little longer than usual.' }
          return { presence: back.presence, refused: explain(error) }
        },
      )
    },
    forget() {
      wish++
      state.set(NOTHING)
    },
  }
}

function guessed(presence: PresenceInfo, status: ChoosableStatus, message: string | null): PresenceInfo {
  const { custom_message: _replaced, ...rest } = presence
  return { ...rest, online_status: status, ...(message === null ? {} : { custom_message: message }) }
}

const secondsLeft = (until: number | null, now: Date): number | null =>
  until === null ? null : Math.max(1, Math.ceil((until - now.getTime()) / 1_000))

const END_KEY = 'porchlight.choice-ends'

/** A presence does not say when its choice ends, so the browser that made the choice keeps it across a reload. */
function rememberEnd(presence: PresenceInfo, until: number | null): void {
  if (until === null) localStorage.removeItem(END_KEY)
  else localStorage.setItem(END_KEY, JSON.stringify([choiceOf(presence), until]))
}

function recallEnd(presence: PresenceInfo): number | null {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(END_KEY) ?? 'null')
    if (!Array.isArray(kept) || kept[0] !== choiceOf(presence)) return null
    return typeof kept[1] === 'number' && kept[1] > Date.now() ? kept[1] : null
  } catch {
    return null
  }
}

const choiceOf = ({ userId, online_status, custom_message }: PresenceInfo): string =>
  JSON.stringify([userId, online_status, custom_message ?? null])
