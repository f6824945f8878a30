import { QueryTypes } from 'sequelize'
import { expect } from 'vitest'
import { seedMember } from '../../demo/server/seed-people.ts'
import type { Fleet, Node } from './fleet.ts'
import type { WatcherLog } from './watcher-log.ts'

/** What has to be true of somebody, wherever one looks. */
export interface Truth {
  readonly status: string
  /** Connections that stand. */
  readonly sessions: number
  /** What others are shown, of somebody who hides. @default `status` */
  readonly seen?: string
}

interface Row {
  readonly id: string
  readonly status: string
  readonly own: string
  readonly sessions: number
}

/** Somebody whom no fleet counts among its users. */
const STRANGER = seedMember('staff', 0).id

const TABLES_SQL = `
  select u.id::text, u.online_status::text as status, coalesce(p.status, 'offline') as own,
    (select count(*)::int from user_sessions s where s.user_id = u.id and s.is_active) as sessions
  from users u left join porchlight_presence p on p.user_id = u.id
  where u.id = any($1::uuid[])`

/**
 * Waits until every node and every table say the same, and it is this. When that does not come true, the failure says who is seen how
 * and where.
 */
export async function untilAllAgree(
  fleet: Fleet,
  nodes: readonly Node[],
  truths: ReadonlyMap<string, Truth>,
  within = 20_000,
): Promise<void> {
  await expect.poll(() => disagreements(fleet, nodes, truths), { timeout: within, interval: 200 }).toEqual([])
}

async function disagreements(
  fleet: Fleet,
  nodes: readonly Node[],
  truths: ReadonlyMap<string, Truth>,
): Promise<string[]> {
  const ids = [...truths.keys()]
  const found: string[] = []
  const rows = await fleet.database.sequelize.query<Row>(TABLES_SQL, { bind: [ids], type: QueryTypes.SELECT })
  for (const { id, status, own, sessions } of rows) {
    const truth = truths.get(id)
    const seen = { users: status, porchlight_presence: own, user_sessions: sessions }
    const due = { users: truth?.status, porchlight_presence: truth?.status, user_sessions: truth?.sessions }
    if (JSON.stringify(seen) !== JSON.stringify(due)) found.push(`${id}: ${JSON.stringify({ seen, due })}`)
  }
  for (const { url } of nodes) {
    const answers = await fleet.read(url, ids, STRANGER).catch((error: unknown) => error as Error)
    if (answers instanceof Error) {
      found.push(`${url}: ${answers.message}`)
      continue
    }
    for (const [id, { status, seen: due = status }] of truths) {
      const seen = answers.get(id)
      if (seen?.online_status !== due || seen.stale) found.push(`${id}: ${JSON.stringify(seen)} at ${url}`)
    }
  }
  return found
}

export const allOf = (userIds: readonly string[], truth: Truth): [string, Truth][] =>
  userIds.map((userId) => [userId, truth])

/** Users of whom a watcher was told something else than these comings and goings, each exactly once and in order. */
export const toldOtherwise = (log: WatcherLog, userIds: readonly string[], due: readonly string[]): string[] =>
  userIds
    .filter((userId) => log.arrivals(userId).join() !== due.join())
    .map((userId) => `${userId}: ${log.arrivals(userId).join()}`)

/** The same for what it showed, which snapshots change, too. */
export const shownOtherwise = (log: WatcherLog, userIds: readonly string[], due: readonly string[]): string[] =>
  userIds
    .filter((userId) => log.changes(userId).join() !== due.join())
    .map((userId) => `${userId}: ${log.changes(userId).join()}`)
