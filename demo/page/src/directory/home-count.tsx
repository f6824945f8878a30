import type { Counts, Service } from '../api/directory.ts'
import { Street } from './street.tsx'

interface HomeCountProps {
  /** Null while the first answer is awaited. */
  readonly counts: Counts | null
  readonly service: Service | null
  readonly city: string
}

/** The number that matters, under a street in which as many lamps are lit. */
export function HomeCount({ counts, service, city }: HomeCountProps) {
  const home = counts?.online ?? 0
  const known = counts !== null && service !== null
  return (
    <div className="home">
      <Street lit={home} />
      <p className="home-count" data-testid="home-count" aria-busy={!known}>
        {known ? (
          <Sentence home={home} service={service} city={city} />
        ) : (
          <>
            <span className="home-number home-number-waiting" aria-hidden="true">
              0
            </span>{' '}
            <span className="visually-hidden">Looking who is home…</span>
          </>
        )}
      </p>
    </div>
  )
}

function Sentence({
  home,
  service,
  city,
}: {
  readonly home: number
  readonly service: Service
  readonly city: string
}) {
  const who = (home === 1 ? service.name : service.plural).toLowerCase()
  const where = city === '' ? '' : ` in ${city}`
  if (home === 0) {
    return (
      <>
        <span className="home-number">No</span> <span>{`${service.name.toLowerCase()}${where} is home now`}</span>
      </>
    )
  }
  return (
    <>
      <span className="home-number">{home}</span> <span>{`${who}${where} ${home === 1 ? 'is' : 'are'} home now`}</span>
    </>
  )
}
