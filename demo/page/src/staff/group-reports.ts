import type { MessageReport } from 'porchlight/protocol'

/** One message, whoever reported it. */
export interface ReportedMessage {
  readonly message: string
  readonly count: number
  /** ISO 8601 time of the first report. */
  readonly since: string
  /** What was said against it, by whom said something. */
  readonly reasons: readonly string[]
}

/** Everything that waits about one person: staff settle it together. */
export interface ReportedPerson {
  readonly userId: string
  readonly count: number
  readonly messages: readonly ReportedMessage[]
}

/** Puts together what is about the same person, and of it what is about the same message. Whoever waits for longest stays first. */
export function groupReports(reports: readonly MessageReport[]): ReportedPerson[] {
  return Array.from(
    groupBy(reports, ({ userId }) => userId),
    ([userId, about]) => ({
      userId,
      count: about.length,
      messages: Array.from(
        groupBy(about, ({ message }) => message),
        ([message, alike]) => ({
          message,
          count: alike.length,
          since: alike[0]?.reported_at ?? '',
          reasons: alike.flatMap(({ reason }) => reason ?? []),
        }),
      ),
    }),
  )
}

function groupBy<Value>(values: readonly Value[], keyOf: (value: Value) => string): Map<string, Value[]> {
  const groups = new Map<string, Value[]>()
  for (const value of values) groups.set(keyOf(value), [...(groups.get(keyOf(value)) ?? []), value])
  return groups
}
