import type { RequestError } from 'porchlight/client'
import { usePresenceClient } from 'porchlight/react'
import { useState } from 'react'
import { refusalOf } from '../api/http.ts'
import { usePageServices } from '../page-services.ts'
import { useSignal } from '../state/use-signal.ts'

export interface ReportState {
  readonly phase: 'open' | 'sending' | 'done'
  readonly refusal: RequestError | null
  readonly send: (message: string, reason: string) => void
}

/** One person's report of what another says: what became of it. @param shown null: they say nothing */
export function useReport(userId: string, shown: string | null): ReportState {
  const { reported } = usePageServices()
  const { own } = usePresenceClient()
  const isReported = useSignal(reported.messages).get(userId) === shown
  const [isSending, setSending] = useState(false)
  // A message that was reported may be gone a moment later, and the thanks stay.
  const [isDone, setDone] = useState(isReported)
  const [refusal, setRefusal] = useState<RequestError | null>(null)

  const send = async (message: string, reason: string): Promise<void> => {
    setSending(true)
    setRefusal(null)
    try {
      await own.reportMessage(userId, reason)
      reported.add(userId, message)
      setDone(true)
    } catch (error) {
      setRefusal(refusalOf(error))
    }
    setSending(false)
  }
  return {
    phase: isDone ? 'done' : isSending ? 'sending' : 'open',
    refusal,
    send: (message, reason) => void send(message, reason),
  }
}
