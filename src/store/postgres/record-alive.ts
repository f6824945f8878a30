import type { Database } from './database.ts'
import { fromMs } from './moments.ts'

const RECORD = `
  insert into porchlight_nodes as n (node_id, last_alive_at) values ($1, ${fromMs('$2')})
  on conflict (node_id) do update set last_alive_at = greatest(n.last_alive_at, excluded.last_alive_at)`

/** Each start names itself anew, so rows would pile up. Whoever forgets them at the same time leaves them to one. */
const FORGET = `
  delete from porchlight_nodes where node_id in (
    select node_id from porchlight_nodes where last_alive_at < ${fromMs('$1')} - interval '1 day' for update skip locked
  )`

/** Writes down that this process is alive: evidence for whoever starts after it. */
export function aliveRecorder(database: Database, nodeId: string) {
  let isFirst = true
  return async (now: number): Promise<void> => {
    await database.rows(RECORD, [nodeId, now])
    if (!isFirst) return
    isFirst = false
    await database.rows(FORGET, [now])
  }
}
