import type { RequestError } from 'porchlight/client'
import type { MessageReport } from 'porchlight/protocol'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { refusalOf } from '../api/http.ts'
import { usePageServices } from '../page-services.ts'
import { createStaffDesk, type StaffDesk } from './staff-desk.ts'

/** Milliseconds between two looks while the page is seen. */
const LOOK_EVERY_MS = 10_000

export interface ReportsState {
  /** Null until the server answered. */
  readonly reports: readonly MessageReport[] | null
  readonly hasMore: boolean
  /** Of the last look. */
  readonly refusal: RequestError | null
  readonly look: () => void
  readonly showMore: () => void
  /** @throws {RequestError} */
  readonly clear: (userId: string) => Promise<void>
}

/** What is reported and not settled, looked at again now and then, and after everything that is done about it. */
export function useReports(personId: string): ReportsState {
  const { http, session } = usePageServices()
  const desk = useMemo(() => createStaffDesk(http, () => session.token(personId)), [http, session, personId])
  const [shown, setShown] = useState<Pick<ReportsState, 'reports' | 'hasMore'>>({ reports: null, hasMore: false })
  const [refusal, setRefusal] = useState<RequestError | null>(null)
  const [pages, setPages] = useState(1)
  const [round, setRound] = useState(0)
  const look = useCallback(() => setRound((before) => before + 1), [])

  useEffect(() => {
    const stop = new AbortController()
    const read = async (): Promise<void> => {
      try {
        const answer = await readPages(desk, pages, stop.signal)
        if (stop.signal.aborted) return
        setShown(answer)
        setRefusal(null)
      } catch (error) {
        if (!stop.signal.aborted) setRefusal(refusalOf(error))
      }
    }
    void read()
    const timer = setInterval(() => document.visibilityState === 'visible' && look(), LOOK_EVERY_MS)
    return () => {
      stop.abort()
      clearInterval(timer)
    }
  }, [desk, pages, round, look])

  return {
    ...shown,
    refusal,
    look,
    showMore: () => setPages((before) => before + 1),
    async clear(userId) {
      await desk.clear(userId)
      setShown(({ reports, hasMore }) => ({
        reports: reports?.filter((report) => report.userId !== userId) ?? null,
        hasMore,
      }))
      // What is being read was written before.
      look()
    },
  }
}

async function readPages(desk: StaffDesk, pages: number, signal: AbortSignal) {
  const reports: MessageReport[] = []
  let cursor: string | null = null
  for (let page = 0; page < pages; page += 1) {
    const answer = await desk.reports(cursor, signal)
    reports.push(...answer.reports)
    cursor = answer.next_cursor
    if (cursor === null) break
  }
  return { reports, hasMore: cursor !== null }
}
