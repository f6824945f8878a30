import { usePresenceClient, usePresenceWords } from 'porchlight/react'
import { useEffect, useState } from 'react'

/** Milliseconds between two announcements: changes in between are told together. */
const QUIET_MS = 5_000

/** Tells a screen reader which of the people in view changed, politely and at most once in five seconds. */
export function Announcer() {
  const client = usePresenceClient()
  const words = usePresenceWords()
  const [text, setText] = useState('')

  useEffect(() => {
    const changed = new Set<string>()
    let timer: ReturnType<typeof setTimeout> | undefined
    let saidAt = Number.NEGATIVE_INFINITY

    const say = (): void => {
      timer = undefined
      const sentences = Array.from(changed)
        .map((userId) => ({ name: nameInView(userId), status: client.get(userId).status }))
        .flatMap(({ name, status }) => (name && status !== 'unknown' ? [`${name} is ${words[status]}`] : []))
      changed.clear()
      if (sentences.length === 0) return
      saidAt = performance.now()
      const more = sentences.length > 2 ? `, and ${sentences.length - 2} more changed` : ''
      setText(`${sentences.slice(0, 2).join(', ')}${more}.`)
    }

    const stop = client.onChange(({ userId, before, after }) => {
      // Losing and finding contact is told by the bar; it says nothing about a person.
      if (before.status === after.status || before.status === 'unknown' || after.status === 'unknown') return
      changed.add(userId)
      timer ??= setTimeout(say, Math.max(300, saidAt + QUIET_MS - performance.now()))
    })
    return () => {
      stop()
      clearTimeout(timer)
    }
  }, [client, words])

  return (
    <p className="visually-hidden" aria-live="polite" data-testid="announcer">
      {text}
    </p>
  )
}

/** The name of somebody whose card is on the screen; null when they are not to be seen. */
function nameInView(userId: string): string | null {
  const element = document.querySelector<HTMLElement>(`[data-provider-id="${CSS.escape(userId)}"]`)
  if (!element) return null
  const { top, bottom } = element.getBoundingClientRect()
  return bottom > 0 && top < window.innerHeight ? (element.dataset.name ?? null) : null
}
