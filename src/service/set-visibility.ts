import { nextVisibility, narrows, type Levels, type Visibility } from '../domain/visibility.ts'
import { setVisible } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { saveDeciding } from './save-deciding.ts'
import { changeUser, readRecord, stampVersion } from './records.ts'
import { announcementOf, placeViewers } from './standings.ts'

/** What a user lets others know: the switch above all, and who may know what. */
export interface Settings extends Levels {
  readonly visible: boolean
}

const settingsOf = ({ visible, levels }: Visibility): Settings => ({ visible, ...levels })

export const readSettings = async (deps: ServiceDeps, userId: string): Promise<Settings> =>
  settingsOf((await readRecord(deps, userId)).visibility)

/**
 * Changes some settings. What narrows anything fails private (R32): if PostgreSQL does not take it, it holds live all the same and is
 * retried until it is stored; anything else that it does not take is refused.
 *
 * @throws {PresenceError} NOT_DURABLE, STORE_UNAVAILABLE
 */
export async function changeSettings(deps: ServiceDeps, userId: string, change: Partial<Settings>): Promise<Settings> {
  const record = await readRecord(deps, userId)
  const before = record.visibility
  const { visible, ...levels } = { ...settingsOf(before), ...change }
  const version = await stampVersion(deps, userId)
  const visibility = nextVisibility(before, { visible, levels }, version, deps.hot.now())
  const narrowing = narrows(before, visibility)
  await saveDeciding(
    deps,
    { kind: 'visibility', userId, visibility },
    {
      narrowing,
      sentence: before.visible && !visible ? HIDDEN : NARROWED,
      async apply() {
        // First it is known who may go on seeing what they see: nobody else's presence flickers (R36).
        await placeViewers(deps, { ...record, visibility }, announcementOf(record, deps.hot.now()))
        await changeUser(deps, userId, (current, now) => setVisible(current, visible, version, now, deps.rules, levels))
        if (narrowing) deps.purge.hidden(userId)
      },
    },
  )
  return settingsOf(visibility)
}

const LATER = 'It is tried again by itself.'
const HIDDEN = `You are hidden now, but it is not stored yet. ${LATER}`
const NARROWED = `Others see less of you now, but it is not stored yet. ${LATER}`
