import type { PresenceInfo, PresenceSettings } from 'porchlight/protocol'
import { StatusMark, useMyPresence, usePresenceClient, usePresenceText } from 'porchlight/react'
import { useEffect, useState } from 'react'

const VIEWERS = [
  ['stranger', 'A stranger'],
  ['contact', 'Somebody you deal with'],
  ['blocked', 'Somebody you block'],
] as const

interface PreviewProps {
  /** Another look is taken whenever they change. */
  readonly settings: PresenceSettings | null
  readonly visible: boolean
}

/** What others see of the person now. */
export function Preview({ settings, visible }: PreviewProps) {
  const { own } = usePresenceClient()
  const { presence } = useMyPresence()
  const [seen, setSeen] = useState<readonly PresenceInfo[]>([])

  useEffect(() => {
    let isNewest = true
    const look = async (): Promise<void> => {
      const infos = await Promise.all(VIEWERS.map(([as]) => own.preview(as)))
      if (isNewest) setSeen(infos)
    }
    // Without an answer the last look stays: the next change takes another.
    look().catch(() => {})
    return () => {
      isNewest = false
    }
  }, [own, settings, visible, presence])

  return (
    <dl className="preview" data-testid="preview">
      {VIEWERS.map(([as, words], index) => (
        <div key={as} data-testid={`preview-${as}`}>
          <dt>{`${words} sees`}</dt>
          <dd>{seen[index] ? <Seen info={seen[index]} /> : '…'}</dd>
        </div>
      ))}
    </dl>
  )
}

function Seen({ info }: { readonly info: PresenceInfo }) {
  const words = usePresenceText({ status: info.online_status, lastSeen: info.last_seen })
  return (
    <>
      <StatusMark className="mark" status={info.online_status} size={12} />
      <span>{words}</span>
      {info.custom_message && <q>{info.custom_message}</q>}
    </>
  )
}
