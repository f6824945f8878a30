import { Link } from '../navigation/link.tsx'
import { useTitle } from '../status/use-tab-mark.ts'

/** For addresses that lead nowhere. */
export function NothingHere() {
  useTitle('No such page · Porchlight')
  return (
    <section className="notice-panel page-narrow">
      <h1>Nobody lives at this address</h1>
      <p>The link may be old, or a letter got lost in it.</p>
      <Link to="/" className="button button-primary">
        See who is home
      </Link>
    </section>
  )
}
