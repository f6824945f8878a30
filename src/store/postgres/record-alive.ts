import type { Database } from './database.ts'
import { fromMs } from './moments.ts'

const RECORD = `
  insert into porchlight_nodes as n (node_id, last_alive_at) values ($1, ${fromMs('$2')})
  on conflict (node_id) do update set last_alive_at = greatest(n.last_alive_at, excluded.last_alive_at)`

/** Writes down that this process is alive: evidence for whoever starts after it. */
export const aliveRecorder =
  (database: Database, nodeId: string) =>
  async (now: number): Promise<void> => {
    await database.rows(RECORD, [nodeId, now])
  }
