import { useEffect, useState } from 'react'
import { type DemoPerson, fetchPeople } from '../api/demo.ts'
import { explain } from '../api/http.ts'
import { usePageServices } from '../page-services.ts'

const PAGE = 100
/** Pages read of each role at most: a demo seeded with a million people must not be read to its end. */
const MOST_PAGES = 5

interface DemoPeople {
  readonly clients: readonly DemoPerson[]
  readonly providers: readonly DemoPerson[]
  readonly staff: readonly DemoPerson[]
  readonly failed: string | null
}

/** The people one can be, page by page as they arrive. */
export function useDemoPeople(): DemoPeople {
  const { http } = usePageServices()
  const [people, setPeople] = useState<DemoPeople>({ clients: [], providers: [], staff: [], failed: null })

  useEffect(() => {
    const stop = new AbortController()
    const read = async (role: DemoPerson['role'], into: 'clients' | 'providers' | 'staff'): Promise<void> => {
      let cursor: string | null = null
      for (let page = 0; page < MOST_PAGES; page++) {
        const { users, next_cursor } = await fetchPeople(http, role, { limit: PAGE, cursor })
        if (stop.signal.aborted) return
        setPeople((before) => ({ ...before, [into]: [...before[into], ...users] }))
        if (next_cursor === null) return
        cursor = next_cursor
      }
    }
    Promise.all([read('client', 'clients'), read('provider', 'providers'), read('staff', 'staff')]).catch(
      (error: unknown) => {
        if (!stop.signal.aborted) setPeople((before) => ({ ...before, failed: explain(error).message }))
      },
    )
    return () => stop.abort()
  }, [http])

  return people
}
