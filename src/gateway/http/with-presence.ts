import { type PresenceInfo, presenceInfo } from '../../domain/info.ts'
import { lastSeenText } from '../../domain/last-seen.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import { UNSEEN } from '../../domain/view.ts'
import type { ProviderPresence } from '../../protocol/http.ts'
import type { PresenceVerbs } from '../../service/verbs.ts'

/** What a card shows of a presence. `now` is epoch milliseconds. */
export const presenceFields = (presence: PresenceInfo, now: number): ProviderPresence => ({
  presence,
  is_online: presence.online_status === 'online',
  last_seen_text: lastSeenText(
    presence.online_status,
    presence.last_seen === null ? null : Date.parse(presence.last_seen),
    now,
  ),
})

export interface WithPresenceDeps {
  readonly verbs: Pick<PresenceVerbs, 'isOn' | 'readPresences'>
  readonly codec: UserIdCodec
  /** Epoch milliseconds. @default Date.now */
  readonly clock?: () => number
}

/**
 * The host's own rows with what this viewer may know of each presence; fields are only added, the order stays. Rows may
 * be plain objects or Sequelize instances. Somebody unknown looks like anybody who was never here (R30). To a viewer for whom presence is
 * switched off they are what they are without it (R72).
 *
 * @param userIdOf where a row names its user; `user_id`, `userId` or `id` unless told
 */
export async function withPresence(
  { verbs, codec, clock = Date.now }: WithPresenceDeps,
  rows: readonly object[],
  viewerId: string | null,
  userIdOf: (row: Record<string, unknown>) => unknown = (row) => row['user_id'] ?? row['userId'] ?? row['id'],
): Promise<(Record<string, unknown> & Partial<ProviderPresence>)[]> {
  const plain = rows.map(plainRow)
  if (!(await verbs.isOn(viewerId))) return plain
  const texts = plain.map((row) => idText(userIdOf(row)))
  const ids = texts.map((text) => codec.parse(text))
  const known = new Set(ids.filter((id) => id !== null))
  const { presences } = known.size === 0 ? { presences: [] } : await verbs.readPresences([...known], viewerId)
  const byId = new Map(presences.map((presence) => [presence.userId, presence]))
  const now = clock()
  return plain.map((row, index) => {
    const id = ids[index] ?? texts[index] ?? ''
    return Object.assign(row, presenceFields(byId.get(id) ?? presenceInfo(id, UNSEEN, true), now))
  })
}

const idText = (id: unknown): string => (typeof id === 'string' || typeof id === 'number' ? String(id) : '')

/** The row's own values, in an object of our own. Sequelize instances word themselves; anything else is copied. */
function plainRow(row: object): Record<string, unknown> {
  const values: unknown = 'toJSON' in row && typeof row.toJSON === 'function' ? row.toJSON() : row
  return { ...(typeof values === 'object' ? values : row) }
}
