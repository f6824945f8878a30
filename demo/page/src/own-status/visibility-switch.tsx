import { useId } from 'react'

interface VisibilitySwitchProps {
  readonly visible: boolean
  readonly disabled: boolean
  readonly onChange: (visible: boolean) => void
}

/** Whether others may see the presence at all, with what they will see instead. */
export function VisibilitySwitch({ visible, disabled, onChange }: VisibilitySwitchProps) {
  const id = useId()
  return (
    <div className="visibility">
      <label htmlFor={id}>Show when I'm online</label>
      <button
        id={id}
        type="button"
        role="switch"
        className="switch"
        aria-checked={visible}
        aria-describedby={`${id}-hint`}
        disabled={disabled}
        data-testid="visibility-switch"
        onClick={() => onChange(!visible)}
      >
        <span className="switch-knob" />
      </button>
      <p id={`${id}-hint`} className="menu-hint">
        {visible
          ? 'Others see your status, your message and when you were last here.'
          : 'Others see you as offline, without a message or a time. You stay listed.'}
      </p>
    </div>
  )
}
