/** @param props.onLeave null: nobody is in */
export function Header({ onLeave }: { readonly onLeave: (() => void) | null }) {
  return (
    <header className="header">
      <span className="brand">
        <svg className="lamp" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false">
          <circle className="lamp-glow" cx="16" cy="18" r="14" />
          <path className="lamp-frame" d="M15 3h2v3.2l6.4 4.3c.6.4.5 1.5-.4 1.5H9c-.9 0-1-1.1-.4-1.5L15 6.2z" />
          <path className="lamp-glass" d="M10 13.5h12l-1.6 10h-8.8z" />
          <path className="lamp-frame" d="M11 24.8h10v1.6a1 1 0 0 1-1 1h-8a1 1 0 0 1-1-1z" />
        </svg>
        <span>
          Porchlight <span className="brand-part">operations</span>
        </span>
      </span>
      {onLeave && (
        <button type="button" className="button button-secondary" onClick={onLeave} data-testid="leave">
          Sign out
        </button>
      )}
    </header>
  )
}
