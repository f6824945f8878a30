import type { ChoosableStatus } from 'porchlight/protocol'
import { type Refusal, StatusMark, usePresenceWords } from 'porchlight/react'
import { useId, useState } from 'react'
import { Audience } from './audience.tsx'
import { Devices } from './devices.tsx'
import { DURATION_WORDS, DURATIONS, type Duration } from './durations.ts'
import { MessageField } from './message-field.tsx'
import { type Choice, useOwnChoice } from './use-own-choice.ts'
import { VisibilitySwitch } from './visibility-switch.tsx'

const CHOICES: readonly (readonly [status: ChoosableStatus, hint: string])[] = [
  ['online', 'Away by itself when you pause'],
  ['away', 'Here, but not at the screen'],
  ['dnd', 'Here, but please no questions'],
]

/** Everything a person decides about their own presence. Every change takes effect at once. */
export function StatusMenu() {
  const { presence, until, error, choose: decide, setVisible } = useOwnChoice()
  const [picked, setPicked] = useState<Duration | null>(null)
  // A choice that ends keeps its end until another one is picked, whatever else of it changes.
  const duration = picked ?? (until === null ? 'open' : 'kept')
  const status = presence && presence.online_status !== 'offline' ? presence.online_status : 'online'
  const message = presence?.custom_message ?? ''

  const choose = (part: Partial<Choice>): void => void decide({ status, message, duration, ...part })

  return (
    <>
      <Choices status={presence ? presence.online_status : null} onChoose={(next) => choose({ status: next })} />
      <MessageField saved={message} onSave={(text) => choose({ message: text })} />
      <DurationField
        duration={duration}
        until={until}
        onPick={(next) => {
          setPicked(next)
          // Without a choice there is nothing yet that could end.
          if (status !== 'online' || message !== '') choose({ duration: next })
        }}
      />
      <Outcome error={error} />
      <VisibilitySwitch
        visible={presence?.show_status ?? true}
        disabled={presence === null}
        onChange={(visible) => void setVisible(visible)}
      />
      <Audience visible={presence?.show_status ?? true} />
      <Devices />
    </>
  )
}

interface ChoicesProps {
  readonly status: string | null
  readonly onChoose: (status: ChoosableStatus) => void
}

function Choices({ status, onChoose }: ChoicesProps) {
  const name = useId()
  const words = usePresenceWords()
  return (
    <fieldset className="choices">
      <legend className="visually-hidden">Status</legend>
      {CHOICES.map(([choice, hint]) => (
        <label key={choice} className="choice">
          <input
            type="radio"
            name={name}
            value={choice}
            checked={status === choice}
            disabled={status === null}
            onChange={() => onChoose(choice)}
            data-testid={`choice-${choice}`}
          />
          <StatusMark className="mark" status={choice} size={16} />
          <span className="choice-words">{words[choice]}</span>
          <span className="choice-hint">{hint}</span>
        </label>
      ))}
    </fieldset>
  )
}

interface DurationFieldProps {
  readonly duration: Duration | 'kept'
  readonly until: number | null
  readonly onPick: (duration: Duration) => void
}

function DurationField({ duration, until, onPick }: DurationFieldProps) {
  const id = useId()
  return (
    <div className="menu-field">
      <label htmlFor={id}>Keep it</label>
      <select id={id} value={duration} onChange={(event) => onPick(event.target.value as Duration)}>
        {duration === 'kept' && <option value="kept">as it is</option>}
        {DURATIONS.map((option) => (
          <option key={option} value={option}>
            {DURATION_WORDS[option]}
          </option>
        ))}
      </select>
      <span className="menu-hint">{until === null ? '' : `Ends ${endWords(until)}.`}</span>
    </div>
  )
}

const clockTime = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' })

function endWords(until: number): string {
  const sameDay = new Date(until).toDateString() === new Date().toDateString()
  return `${sameDay ? 'at' : 'tomorrow at'} ${clockTime.format(until)}`
}

/** What became of the last change: nothing to say when it went well. */
function Outcome({ error }: { readonly error: Refusal | null }) {
  return (
    <div role="status">
      {error?.takenBack && (
        <p className="menu-refused" data-testid="refused">
          That did not work and was taken back. {error.message} <span className="error-code">Code {error.code}</span>
        </p>
      )}
      {error?.takenBack === false && (
        <p className="menu-notice">You are hidden already. Storing it takes a little longer than usual.</p>
      )}
    </div>
  )
}
