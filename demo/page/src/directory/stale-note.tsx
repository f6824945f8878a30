import { useTimeAgo } from 'porchlight/react'
import { useEffect, useState } from 'react'
import type { Directory } from './use-directory.ts'

/** Milliseconds that a list may be unsure before it says so: most losses are over by then. */
const PATIENCE_MS = 2_000

/** Says that the list may be old, and how old, while nobody can vouch for it. It lies above the cards and moves none. */
export function StaleNote({ directory }: { readonly directory: Directory }) {
  const { status, answers, rightUntil, asOf } = directory
  const isOld = useLasting(status === 'stale' || (status === 'failed' && answers === 'this'), PATIENCE_MS)
  const ago = useTimeAgo(rightUntil ?? asOf)
  return (
    <div className="stale-slot" role="status">
      {isOld && (
        <p className="stale-note" data-testid="stale-note">
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" className="line-icon">
            <path d="M8 4.5V8l2.2 1.6M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z" />
          </svg>
          <span>
            {ago === '' ? 'May be old' : rightUntil ? `Last updated ${ago}` : `Last known change ${ago}`}. We keep
            trying.
          </span>
        </p>
      )}
    </div>
  )
}

/** Whether it has been so for that long. */
function useLasting(is: boolean, ms: number): boolean {
  const [lasted, setLasted] = useState(false)
  useEffect(() => {
    if (!is) return
    const timer = setTimeout(() => setLasted(true), ms)
    return () => {
      clearTimeout(timer)
      setLasted(false)
    }
  }, [is, ms])
  return is && lasted
}
