import { usePageServices } from '../page-services.ts'
import { Link } from '../navigation/link.tsx'
import { useAddress } from '../navigation/location.ts'
import { useSignal } from '../state/use-signal.ts'

/** The way to the reports, for staff alone. */
export function StaffLink() {
  const identity = useSignal(usePageServices().session.identity)
  const isHere = useAddress() === '/reports'
  if (identity.phase !== 'in' || identity.person.role !== 'staff') return null
  return (
    <Link to="/reports" className="staff-link" aria-current={isHere && 'page'} data-testid="staff-link">
      Reports
    </Link>
  )
}
