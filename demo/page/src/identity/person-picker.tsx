import { useId, useMemo, useState } from 'react'
import type { DemoPerson } from '../api/demo.ts'
import { usePageServices } from '../page-services.ts'
import { Avatar } from '../status/avatar.tsx'
import { useDemoPeople } from './use-demo-people.ts'

/** Names shown in one group before a search narrows them. */
const SHOWN = 30

/** The people of the demo: be one of them here, or open one in a window beside this. */
export function PersonPicker({ onDone }: { readonly onDone: () => void }) {
  const { session, met } = usePageServices()
  const [text, setText] = useState('')
  const { clients, providers, staff, failed } = useDemoPeople()
  const id = useId()

  const shown = useMemo(
    () => Array.from(met.values(), ({ id, name }): DemoPerson => ({ id, name, role: 'provider' })),
    [met],
  )
  const matching = (people: readonly DemoPerson[]): DemoPerson[] =>
    people.filter(({ name }) => name.toLowerCase().includes(text.trim().toLowerCase())).slice(0, SHOWN)
  const become = (person: DemoPerson): void => {
    void session.become(person)
    onDone()
  }
  const seen = new Set(shown.map(({ id }) => id))

  return (
    <div className="picker">
      <h2>Be somebody else</h2>
      <p className="quiet">
        Open a provider in a new window and put it beside this one: what they do there shows here at once.
      </p>
      <label htmlFor={id} className="visually-hidden">
        Search by name
      </label>
      <input
        id={id}
        type="search"
        placeholder="Search by name"
        value={text}
        data-testid="picker-search"
        onChange={(event) => setText(event.target.value)}
      />
      {/* Scrolls by itself, so it must be reachable by keyboard; its buttons are. */}
      <div className="picker-groups">
        <Group title="Providers you have seen" people={matching(shown)} onPick={become} />
        <Group title="Clients" people={matching(clients)} onPick={become} />
        <Group title="Other providers" people={matching(providers.filter(({ id }) => !seen.has(id)))} onPick={become} />
        <Group title="Staff, who look at reports" people={matching(staff)} onPick={become} />
        {failed && <p className="quiet">The list of people did not arrive. {failed}</p>}
      </div>
      <button type="button" className="button button-quiet" onClick={onDone}>
        Stay who I am
      </button>
    </div>
  )
}

interface GroupProps {
  readonly title: string
  readonly people: readonly DemoPerson[]
  readonly onPick: (person: DemoPerson) => void
}

function Group({ title, people, onPick }: GroupProps) {
  if (people.length === 0) return null
  return (
    <section>
      <h3>{title}</h3>
      <ul>
        {people.map((person) => (
          <li key={person.id} className="picker-row">
            <button type="button" className="picker-person" data-user-id={person.id} onClick={() => onPick(person)}>
              <Avatar id={person.id} name={person.name} size="small" />
              {person.name}
            </button>
            <a
              className="picker-window"
              href={`/?as=${encodeURIComponent(person.id)}`}
              target="_blank"
              rel="noopener"
              aria-label={`Open ${person.name} in a new window`}
            >
              new window
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
