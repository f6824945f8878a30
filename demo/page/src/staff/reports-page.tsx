import { useState } from 'react'
import type { DemoPerson } from '../api/demo.ts'
import { usePageServices } from '../page-services.ts'
import { NothingHere } from '../shell/nothing-here.tsx'
import { useSignal } from '../state/use-signal.ts'
import { useTitle } from '../status/use-tab-mark.ts'
import { ClearDialog } from './clear-dialog.tsx'
import { counted } from './counted.ts'
import { groupReports } from './group-reports.ts'
import { ReportedCard, type ReportedOne } from './reported-card.tsx'
import { type ReportsState, useReports } from './use-reports.ts'

/** What people reported, for staff. To everybody else there is no such page. */
export function ReportsPage() {
  const identity = useSignal(usePageServices().session.identity)
  if (identity.phase === 'starting') return <div className="page-narrow" aria-busy="true" />
  if (identity.phase !== 'in' || identity.person.role !== 'staff') return <NothingHere />
  return <Desk key={identity.person.id} person={identity.person} />
}

function Desk({ person }: { readonly person: DemoPerson }) {
  const state = useReports(person.id)
  const [asked, setAsked] = useState<ReportedOne | null>(null)
  const [settled, setSettled] = useState('')
  useTitle('Reports · Porchlight')
  // Whoever says they are staff and is not: the server knows better than this page.
  if (state.refusal?.status === 403) return <NothingHere />

  const clear = async (one: ReportedOne): Promise<void> => {
    await state.clear(one.userId)
    setAsked(null)
    setSettled(`What ${one.name} said is cleared. ${counted(one.count, 'report')} settled.`)
  }
  return (
    <div className="page-narrow" data-testid="reports-page">
      <h1 className="reports-title">Reports</h1>
      <p className="quiet">Messages that people took offence at. Whoever was reported first comes first.</p>
      <p className="reports-settled" role="status">
        {settled}
      </p>
      <Reports {...state} onClear={setAsked} />
      {asked && <ClearDialog one={asked} clear={clear} onClose={() => setAsked(null)} />}
    </div>
  )
}

type ReportsProps = ReportsState & { readonly onClear: (one: ReportedOne) => void }

function Reports({ reports, hasMore, refusal, look, showMore, onClear }: ReportsProps) {
  if (reports === null) return refusal ? <Failed refusal={refusal} onRetry={look} /> : <Skeletons />
  return (
    <>
      {refusal && (
        <p className="menu-refused" role="status">
          This list may be old. {refusal.message} <span className="error-code">Code {refusal.code}</span>
        </p>
      )}
      {reports.length === 0 && !hasMore ? (
        <section className="notice-panel" data-testid="no-reports">
          <h2>Nothing to look at</h2>
          <p>Everything that was reported is settled. New reports appear here by themselves.</p>
        </section>
      ) : (
        <ul className="reports" aria-label="Reported people">
          {groupReports(reports).map((person) => (
            <ReportedCard key={person.userId} person={person} onClear={onClear} />
          ))}
        </ul>
      )}
      {hasMore && (
        <button type="button" className="button button-quiet show-more" onClick={showMore}>
          Show more
        </button>
      )}
    </>
  )
}

function Failed({ refusal, onRetry }: { readonly refusal: { message: string; code: string }; onRetry: () => void }) {
  return (
    <section className="notice-panel" role="alert">
      <h2>The reports did not arrive</h2>
      <p>{refusal.message} We look again by ourselves in a moment.</p>
      <button type="button" className="button button-primary" onClick={onRetry}>
        Try again
      </button>
      <p className="error-code">Code {refusal.code}</p>
    </section>
  )
}

function Skeletons() {
  return (
    <div className="skeleton" aria-busy="true">
      <p className="visually-hidden" role="status">
        Looking for reports…
      </p>
      <div className="reported" aria-hidden="true">
        <span className="bone bone-wide">&nbsp;</span>
        <span className="bone bone-full">&nbsp;</span>
        <span className="bone">&nbsp;</span>
      </div>
    </div>
  )
}
