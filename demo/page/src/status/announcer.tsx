import { usePresenceClient, usePresenceWords } from 'porchlight/react'
import { useEffect } from 'react'
import { usePageServices } from '../page-services.ts'
import { useSignal } from '../state/use-signal.ts'

/** Tells a screen reader which of the people in view changed, and whatever else the page has to tell. */
export function Announcer() {
  const { announcements } = usePageServices()
  const client = usePresenceClient()
  const words = usePresenceWords()

  useEffect(
    () =>
      client.onChange(({ userId, before, after }) => {
        // Losing and finding contact is told by the bar; it says nothing about a person.
        if (before.status === after.status || before.status === 'unknown' || after.status === 'unknown') return
        announcements.post(userId, () => {
          const name = nameInView(userId)
          const { status } = client.get(userId)
          return name === null || status === 'unknown' ? null : `${name} is ${words[status]}`
        })
      }),
    [client, words, announcements],
  )

  return (
    <p className="visually-hidden" aria-live="polite" data-testid="announcer">
      {useSignal(announcements.text)}
    </p>
  )
}

/** The name of somebody who is on the screen; null when they are not to be seen. */
function nameInView(userId: string): string | null {
  for (const element of document.querySelectorAll<HTMLElement>(`[data-provider-id="${CSS.escape(userId)}"]`)) {
    const { top, bottom } = element.getBoundingClientRect()
    if (bottom > 0 && top < window.innerHeight) return element.dataset['name'] ?? null
  }
  return null
}
