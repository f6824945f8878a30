import { Modal } from '../shell/modal.tsx'
import { Filters, type FiltersProps } from './filters.tsx'
import type { Directory } from './use-directory.ts'

interface FilterSheetProps extends FiltersProps {
  readonly directory: Directory
  readonly onClose: () => void
}

/** The filters of a phone. The list behind it follows at once, and the button says what it has come to. */
export function FilterSheet({ directory, onClose, ...filters }: FilterSheetProps) {
  return (
    <Modal label="Filters" className="sheet" testId="filter-sheet" onClose={onClose}>
      <Filters {...filters} />
      <div className="sheet-foot">
        <button type="button" className="button button-primary button-wide" onClick={onClose}>
          {outcome(directory)}
        </button>
      </div>
    </Modal>
  )
}

/** A number only where it is the whole one. */
function outcome({ answers, providers, nextCursor }: Directory): string {
  if (answers !== 'this' || nextCursor !== null) return 'Show the people'
  if (providers.length === 0) return 'Nobody fits all of that'
  return providers.length === 1 ? 'Show the one who fits' : `Show all ${providers.length}`
}
