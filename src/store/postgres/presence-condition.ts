import { literal, Op, type WhereOptions } from 'sequelize'
import { STATUSES, type Status } from '../../domain/status.ts'

/** Conditions on what strangers may know; null: no such condition. */
export interface PresenceConditions {
  readonly statuses: readonly Status[] | null
  readonly lastSeenWithinMs: number | null
  readonly activeWithinMs: number | null
}

/**
 * A Sequelize `where` on a column of user ids, for the host's own search. Whoever has no row of ours yet is offline.
 * Only numbers, words of our own and checked ids enter the SQL.
 *
 * @param now epoch milliseconds
 * @param hidden ids of users whose hiding is not stored yet
 */
export function presenceCondition(
  conditions: PresenceConditions,
  column: string,
  now: number,
  hidden: readonly string[],
): WhereOptions {
  const { statuses, lastSeenWithinMs, activeWithinMs } = conditions
  const since = (ms: number) => `to_timestamp(${Math.floor(now - ms)} / 1000.0)`
  const tests: string[] = []
  if (lastSeenWithinMs !== null)
    tests.push(`(public_status <> 'offline' or public_last_seen >= ${since(lastSeenWithinMs)})`)
  if (activeWithinMs !== null) tests.push(`(public_status = 'online' or public_activity >= ${since(activeWithinMs)})`)
  const others = hidden.length === 0 ? '' : ` and user_id not in (${hidden.map((id) => `'${id}'`).join(', ')})`
  const users = (test: string) => literal(`(select user_id from porchlight_presence where ${test}${others})`)
  const all = tests.map((test) => ({ [column]: { [Op.in]: users(test) } }))
  if (statuses === null) return { [Op.and]: all }
  // Whoever is shown as present is present, and those have an index.
  const list = (words: readonly Status[]) =>
    `status <> 'offline' and public_status in (${words.map((word) => `'${word}'`).join(', ')})`
  const unwanted = STATUSES.filter((status) => !statuses.includes(status))
  // Asking for offline must find people without a row, so it rules the others out instead.
  const byStatus = statuses.includes('offline')
    ? unwanted.length === 0
      ? []
      : [{ [column]: { [Op.notIn]: users(list(unwanted)) } }]
    : [{ [column]: { [Op.in]: users(list(statuses)) } }]
  return { [Op.and]: [...all, ...byStatus] }
}
