import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Rules } from '../../src/domain/rules.ts'
import { connect, setVisible } from '../../src/domain/steps.ts'
import { newRecord, type UserRecord } from '../../src/domain/user-record.ts'
import { AUDIENCE_LEVELS, type Levels } from '../../src/domain/visibility.ts'
import type { ProviderSearch } from '../../src/store/contract.ts'
import { type DurableStoreUnderTest, MINUTE, NOW, type OpenDurableStore } from './durable-store-people.ts'
import { EVERYBODY } from './durable-store-search.ts'

const RULES: Rules = {
  idleAfterMs: 5 * MINUTE,
  graceMs: 10_000,
  mobileGraceMs: 30_000,
  activityFlushMs: 5 * MINUTE,
  maxSessionsPerUser: 20,
}
const VERSION = (NOW + MINUTE) * 1000

/** One provider for each pair of levels, all of them online until now. */
const PEOPLE = AUDIENCE_LEVELS.flatMap((status) =>
  AUDIENCE_LEVELS.map((lastSeen) => {
    const levels: Levels = { status, lastSeen, coarse: false }
    return { id: randomUUID(), name: `${status} ${lastSeen}`, city_id: 1, service_ids: [7], levels }
  }),
)
const PROVIDERS = PEOPLE.map(({ levels: _levels, ...fields }) => ({ ...fields, rating: null, price: null }))

const who = (fits: (levels: Levels) => boolean): Set<string> =>
  new Set(PEOPLE.filter(({ levels }) => fits(levels)).map(({ id }) => id))

function online(userId: string): UserRecord {
  const session = {
    sessionId: randomUUID(),
    nodeId: 'a',
    socketId: 's',
    deviceId: null,
    deviceType: 'web' as const,
    connectedAt: NOW,
    lastActivityAt: NOW,
    lost: null,
  }
  return connect(newRecord(userId), session, NOW, RULES).record
}

const decided = (record: UserRecord, levels: Levels): UserRecord =>
  setVisible(record, true, VERSION, NOW + MINUTE, RULES, levels).record

/** Who is found where, and what the host's columns and contacts read, once somebody decided on levels. */
export function levelsContract(open: OpenDurableStore): void {
  describe('levels', () => {
    let under: DurableStoreUnderTest
    const find = (search: Partial<ProviderSearch>) => under.store.findProviders({ ...EVERYBODY, limit: 100, ...search })
    const found = async (search: Partial<ProviderSearch>): Promise<Set<string>> =>
      new Set((await find(search)).rows.map(({ userId }) => userId))

    beforeAll(async () => {
      under = await open(PROVIDERS)
      await under.store.project(PEOPLE.map(({ id }) => online(id)))
      for (const { id, levels } of PEOPLE) {
        const { visibility } = decided(online(id), levels)
        await under.store.saveDecision({ kind: 'visibility', userId: id, visibility })
      }
    })
    afterAll(() => under.close())

    // First the decision is stored, then the projection brings what became of it; both times it is the same.
    describe.each([
      ['once it is stored', false],
      ['once it is projected, late and early', true],
    ])('%s', (_name, projects) => {
      beforeAll(async () => {
        if (!projects) return
        await under.store.project(PEOPLE.map(({ id, levels }) => decided(online(id), levels)))
        await under.store.project(PEOPLE.map(({ id }) => online(id)))
      })

      test('R36 searches find as present whose status everybody may know, and count nobody else', async () => {
        const shown = who(({ status }) => status === 'everyone')
        expect(await found({ statuses: ['online', 'away', 'dnd'] })).toEqual(shown)
        expect((await find({})).counts).toEqual({ online: shown.size, away: 0, dnd: 0 })
        expect(await found({ statuses: ['offline'] })).toEqual(who(({ status }) => status !== 'everyone'))
      })

      test('R36 last seen and activity filter nobody in who lets strangers know neither', async () => {
        const known = who(({ status, lastSeen }) => status === 'everyone' || lastSeen === 'everyone')
        expect(await found({ seenSince: 1 })).toEqual(known)
        expect(await found({ activeSince: 1 })).toEqual(known)
        const { rows } = await find({})
        const unknown = rows.filter(({ position }) => position.keys[0] === 0 && position.keys[1] === 0)
        expect(new Set(unknown.map(({ userId }) => userId))).toEqual(
          who(({ status, lastSeen }) => status !== 'everyone' && lastSeen !== 'everyone'),
        )
      })

      test("R36 the host's columns are the strangers', and contacts read what is theirs", async () => {
        for (const { id, levels } of PEOPLE) {
          const { status, lastSeen } = levels
          const isNarrowed = status !== 'everyone' || lastSeen !== 'everyone'
          const row = await under.hostRow(id)
          expect(row?.online_status).toBe(status === 'everyone' ? 'online' : 'offline')
          if (isNarrowed && lastSeen !== 'everyone') expect(row?.last_activity).toBeNull()
          const [record] = await under.store.load([id])
          expect(record?.visibility.levels).toEqual(levels)
          expect(record?.stranger.status).toBe(status === 'everyone' ? 'online' : 'offline')
          expect(record?.stranger.lastSeenAt === null).toBe(lastSeen !== 'everyone')
          expect(record?.contact.status).toBe(status === 'nobody' ? 'offline' : 'online')
          expect(record?.contact.lastSeenAt === null).toBe(lastSeen === 'nobody')
          expect(record?.own.status).toBe('online')
        }
      })
    })
  })
}
