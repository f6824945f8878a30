import type { ReactNode } from 'react'

interface TableProps {
  /** What it is of, for who does not see it. */
  readonly label: string
  readonly columns: readonly Column[]
  readonly testId?: string
  /** Its rows, each with as many cells as there are columns. */
  readonly children: ReactNode
}

interface Column {
  readonly title: string
  readonly isNumber?: boolean
}

/** Columns of these titles, all of numbers. */
export const numbers = (...titles: string[]): Column[] => titles.map((title) => ({ title, isNumber: true }))

/** A table that can be scrolled sideways where it does not fit, by keyboard, too. */
export function Table({ label, columns, testId, children }: TableProps) {
  return (
    <div className="table-scroll" role="region" aria-label={label} tabIndex={0}>
      <table className="table" data-testid={testId}>
        <thead>
          <tr>
            {columns.map(({ title, isNumber }) => (
              <th key={title} scope="col" className={isNumber ? 'number' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
