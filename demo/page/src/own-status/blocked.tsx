import { useMyPresence } from 'porchlight/react'
import { useId, useMemo } from 'react'
import { useDemoPeople } from '../identity/use-demo-people.ts'
import { useBlocks } from './use-blocks.ts'

/** Whom the person blocks, with the way to block somebody else and to let somebody see again. */
export function Blocked() {
  const id = useId()
  const { blocks, problem, block, unblock } = useBlocks()
  const { names, others } = usePeople(blocks)
  return (
    <div className="blocked">
      <div className="menu-field">
        <label htmlFor={id}>Block somebody</label>
        <select id={id} value="" data-testid="block-select" onChange={(event) => block(event.target.value)}>
          <option value="">choose …</option>
          {others.map((person) => (
            <option key={person.id} value={person.id}>
              {person.name}
            </option>
          ))}
        </select>
        <p className="menu-hint">They see you as somebody who was never here.</p>
      </div>
      {problem && (
        <p className="menu-refused" role="status">
          {problem.message} <span className="error-code">Code {problem.code}</span>
        </p>
      )}
      <ul aria-label="People you block">
        {blocks.map((userId) => (
          <li key={userId} className="device" data-testid="blocked-row">
            <span className="device-name">{names.get(userId) ?? 'Somebody'}</span>
            <button
              type="button"
              className="text-button"
              aria-label={`Let ${names.get(userId) ?? 'this person'} see you again`}
              onClick={() => unblock(userId)}
            >
              Unblock
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Names of everybody whom the demo knows, and who of them could be blocked. */
function usePeople(blocks: readonly string[]) {
  const self = useMyPresence().presence?.userId
  const { clients, providers } = useDemoPeople()
  return useMemo(() => {
    const people = [...clients, ...providers]
    return {
      names: new Map(people.map(({ id, name }) => [id, name])),
      others: people.filter(({ id }) => id !== self && !blocks.includes(id)),
    }
  }, [clients, providers, blocks, self])
}
