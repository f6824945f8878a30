import { describe, expect, test } from 'vitest'
import { presenceInfo } from '../../domain/info.ts'
import { shortName } from '../../domain/short-name.ts'
import type { Status } from '../../domain/status.ts'
import { UNSEEN, type View } from '../../domain/view.ts'
import type { FoundProvider, ProviderQuery } from '../verbs.ts'
import { movesInLists, type News, patchWindow, retractFromWindow, type Window } from './window.ts'

const NOW = 1_700_000_000_000
const HOUR = 3_600_000

const QUERY: ProviderQuery = {
  cityId: '1',
  serviceId: null,
  statuses: null,
  lastSeenWithinMs: null,
  activeWithinMs: null,
  name: null,
  price: { min: null, max: null },
  rating: { min: null, max: null },
  sort: 'availability',
  limit: 20,
  place: null,
}

const view = (status: Status, version: number, lastSeenAt: number | null = NOW): View => ({
  status,
  version,
  lastSeenAt,
  message: null,
})

const card = (userId: string, shown: View): FoundProvider => ({
  userId,
  fields: { id: userId },
  presence: presenceInfo(userId, shown, true),
  version: shown.version,
  position: { keys: [0, 0], id: userId },
})

const WINDOW: Window = {
  providers: [card('ana', view('online', 5)), card('ben', view('away', 5))],
  counts: { online: 3, away: 1, dnd: 0 },
  next: { shown: ['ana', 'ben'].map(shortName), after: null },
  asOf: NOW,
  stale: false,
}

const news = (userId: string, before: View, after: View, changes: Partial<News> = {}): News => ({
  userId,
  before,
  view: after,
  visible: true,
  retracts: false,
  ...changes,
})

const statuses = ({ providers }: Window) => providers.map(({ presence }) => presence.online_status)

describe('a window that hears what became of somebody in it', () => {
  const gone = news('ana', view('online', 5), view('offline', 6, NOW + 1))

  test('shows it where they stand, and leaves the rest to the search', () => {
    const patched = patchWindow(WINDOW, gone, QUERY, NOW)
    expect(statuses(patched)).toEqual(['offline', 'away'])
    expect(patched.providers[0]?.presence).toEqual(presenceInfo('ana', gone.view, true))
    expect({ ...patched, providers: [] }).toEqual({ ...WINDOW, providers: [] })
    expect(patchWindow(WINDOW, { ...gone, userId: 'dora' }, QUERY, NOW)).toBe(WINDOW)
  })

  test('R7 knows what is newer', () => {
    const patched = patchWindow(WINDOW, gone, QUERY, NOW)
    expect(patchWindow(patched, news('ana', view('away', 4), view('online', 5)), QUERY, NOW)).toBe(patched)
    expect(patchWindow(patched, gone, QUERY, NOW)).toBe(patched)
  })

  test.each<[string, Partial<ProviderQuery>, View, stays: boolean]>([
    ['a status that was asked for', { statuses: ['online', 'offline'] }, view('offline', 6), true],
    ['a status that was not', { statuses: ['online', 'away'] }, view('offline', 6), false],
    ['somebody present, whenever they were seen', { lastSeenWithinMs: HOUR }, view('dnd', 6, NOW - 2 * HOUR), true],
    ['somebody seen just in time', { lastSeenWithinMs: HOUR }, view('offline', 6, NOW - HOUR), true],
    ['somebody seen before that', { lastSeenWithinMs: HOUR }, view('offline', 6, NOW - HOUR - 1), false],
    ['somebody active a moment ago', { activeWithinMs: HOUR }, view('offline', 6), true],
  ])('keeps to the filters: %s', (_, filter, after, stays) => {
    const patched = patchWindow(WINDOW, news('ana', view('online', 5), after), { ...QUERY, ...filter }, NOW)
    expect(patched.providers.some(({ userId }) => userId === 'ana')).toBe(stays)
    // Whoever left may come on the next page.
    expect(patched.next?.shown).toEqual((stays ? ['ana', 'ben'] : ['ben']).map(shortName))
  })

  test('R30 R32 takes back whoever hides, and their count, in one go', () => {
    const hiding = news('ana', view('online', 5), { ...UNSEEN, version: 6 }, { visible: false, retracts: true })
    const patched = retractFromWindow(WINDOW, hiding, QUERY, NOW)
    expect(patched.providers[0]?.presence).toEqual(presenceInfo('ana', UNSEEN, true))
    expect(patched.counts).toEqual({ online: 2, away: 1, dnd: 0 })
    expect(retractFromWindow(patched, hiding, QUERY, NOW)).toBe(patched)
    const filtered = retractFromWindow(WINDOW, hiding, { ...QUERY, activeWithinMs: HOUR }, NOW)
    expect(filtered.providers.map(({ userId }) => userId)).toEqual(['ben'])
  })
})

test('R31 only what strangers can see move somebody moves them in lists', () => {
  const moves = (before: View, after: View) => movesInLists(news('ana', before, after))
  expect(moves(view('online', 1), view('away', 2))).toBe(true)
  expect(moves(view('online', 1), view('online', 2, NOW + HOUR))).toBe(false)
  expect(moves(view('online', 1), { ...view('online', 2), message: 'on a roof' })).toBe(false)
  expect(moves(view('offline', 1), view('offline', 2, null))).toBe(true)
})
