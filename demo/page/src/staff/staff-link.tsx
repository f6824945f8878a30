import { usePageServices } from '../page-services.ts'
import { Link } from '../navigation/link.tsx'
import { useSignal } from '../state/use-signal.ts'

/** The way to the reports, for staff alone. */
export function StaffLink() {
  const identity = useSignal(usePageServices().session.identity)
  if (identity.phase !== 'in' || identity.person.role !== 'staff') return null
  return (
    <Link to="/reports" className="staff-link" data-testid="staff-link">
      Reports
    </Link>
  )
}
