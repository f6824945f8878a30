import type { AudienceLevel } from 'porchlight/protocol'
import { type MySettings, useMySettings } from 'porchlight/react'
import { useId } from 'react'
import { Blocked } from './blocked.tsx'
import { Preview } from './preview.tsx'

const LEVELS: readonly (readonly [level: AudienceLevel, words: string])[] = [
  ['everyone', 'everyone'],
  ['contacts', 'people I deal with'],
  ['nobody', 'nobody'],
]

/** Who may see what, what it looks like to them, and who may see nothing at all. */
export function Audience({ visible }: { readonly visible: boolean }) {
  const { settings, error, change } = useMySettings()
  return (
    <section className="audience" aria-label="Who sees what">
      <h2>Who sees what</h2>
      <LevelField label="My status and message" part="status_audience" settings={settings} change={change} />
      <LevelField label="When I was last here" part="last_seen_audience" settings={settings} change={change} />
      <CoarseSwitch settings={settings} change={change} />
      <div role="status">
        {error?.takenBack && (
          <p className="menu-refused">
            That did not work and was taken back. {error.message} <span className="error-code">Code {error.code}</span>
          </p>
        )}
        {error?.takenBack === false && (
          <p className="menu-notice">It is so already. Storing it takes a little longer than usual.</p>
        )}
      </div>
      <Preview settings={settings} visible={visible} />
      <Blocked />
    </section>
  )
}

type Changes = Pick<MySettings, 'settings' | 'change'>

interface LevelFieldProps extends Changes {
  readonly label: string
  readonly part: 'status_audience' | 'last_seen_audience'
}

function LevelField({ label, part, settings, change }: LevelFieldProps) {
  const id = useId()
  return (
    <div className="menu-field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={settings?.[part] ?? 'everyone'}
        disabled={settings === null}
        data-testid={part}
        onChange={(event) => void change({ [part]: event.target.value })}
      >
        {LEVELS.map(([level, words]) => (
          <option key={level} value={level}>
            {words}
          </option>
        ))}
      </select>
    </div>
  )
}

function CoarseSwitch({ settings, change }: Changes) {
  const id = useId()
  const coarse = settings?.coarse_last_seen ?? false
  return (
    <div className="visibility">
      <label htmlFor={id}>Only roughly when</label>
      <button
        id={id}
        type="button"
        role="switch"
        className="switch"
        aria-checked={coarse}
        aria-describedby={`${id}-hint`}
        disabled={settings === null}
        data-testid="coarse-switch"
        onClick={() => void change({ coarse_last_seen: !coarse })}
      >
        <span className="switch-knob" />
      </button>
      <p id={`${id}-hint`} className="menu-hint">
        {coarse ? 'Others read “recently”, “today” or “this week”.' : 'Others read the time, such as “5 minutes ago”.'}
      </p>
    </div>
  )
}
