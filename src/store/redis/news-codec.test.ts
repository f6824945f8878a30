import { expect, test } from 'vitest'
import { connect, end, setBlocked, setVisible, signOut } from '../../domain/steps.ts'
import { newRecord, type UserRecord } from '../../domain/user-record.ts'
import { OPEN_LEVELS } from '../../domain/visibility.ts'
import type { RecordChange } from '../contract.ts'
import { decodeNews, encodeNews, isNewsOf } from './news-codec.ts'
import { SCHEMA_VERSION } from './schema.ts'

const RULES = { graceMs: 1, mobileGraceMs: 1, idleAfterMs: 300_000, activityFlushMs: 300_000, maxSessionsPerUser: 20 }
const NOW = 1_800_000_000_000

const session = (sessionId: string, nodeId: string) => ({
  sessionId,
  nodeId,
  socketId: sessionId,
  deviceId: null,
  deviceType: 'web' as const,
  connectedAt: NOW,
  lastActivityAt: NOW,
  lost: null,
})

const changeOf = (before: UserRecord, step: { record: UserRecord; ended: RecordChange['ended'] }): RecordChange => ({
  before,
  after: step.record,
  ended: step.ended,
  at: NOW,
})

const online = connect(newRecord('ada'), session('s1', 'a'), NOW, RULES)

test('what another node has to know arrives as it was', () => {
  const hidden = changeOf(online.record, setVisible(online.record, false, NOW * 1_000 + 5, NOW, RULES))
  const news = decodeNews(encodeNews(hidden, 'me', 'a') ?? '')
  expect(news).toEqual({
    origin: 'me',
    change: {
      userId: 'ada',
      own: hidden.after.own,
      contact: hidden.after.contact,
      stranger: hidden.after.stranger,
      visibility: { visible: false, levels: OPEN_LEVELS },
      before: {
        own: hidden.before.own,
        contact: hidden.before.contact,
        stranger: hidden.before.stranger,
        visibility: { visible: true, levels: OPEN_LEVELS },
      },
      hasPairs: false,
      pairs: [],
      accessChanged: false,
      at: NOW,
      ended: [],
    },
  })
})

test('R36 R37 levels, what contacts see and who was blocked arrive, and nothing of it from those who use none', () => {
  const levels = { status: 'contacts', lastSeen: 'nobody', coarse: false } as const
  const shy = setVisible(online.record, true, NOW * 1_000 + 5, NOW, RULES, levels)
  const blocking = { viewerId: 'luc', blocked: true, version: NOW * 1_000 + 9 }
  const blocked = setBlocked(shy.record, blocking, 'stranger', NOW, RULES)
  const ofLevels = decodeNews(encodeNews(changeOf(online.record, shy), 'me', 'a') ?? '')?.change
  expect(ofLevels).toMatchObject({
    visibility: { visible: true, levels },
    contact: shy.record.contact,
    before: { contact: online.record.contact, visibility: { levels: OPEN_LEVELS } },
    hasPairs: false,
  })
  const ofBlock = decodeNews(encodeNews(changeOf(shy.record, blocked), 'me', 'a') ?? '')?.change
  expect(ofBlock).toMatchObject({ hasPairs: true, pairs: blocked.record.pairs })
  const text = encodeNews(changeOf(newRecord('ada'), online), 'me', 'a') ?? ''
  for (const key of ['k', 'bk', 'y', 'by', 'p']) expect(JSON.parse(text)).not.toHaveProperty(key)
})

test('a second device is no news, unless a session of another node ended with it', () => {
  const second = connect(online.record, session('s2', 'b'), NOW, RULES)
  expect(encodeNews(changeOf(online.record, second), 'me', 'b')).toBeNull()
  const own = end(second.record, new Set(['s2']), NOW, RULES)
  expect(encodeNews(changeOf(second.record, own), 'me', 'b')).toBeNull()
  const others = signOut(second.record, new Set(['s1']), NOW, RULES)
  const news = decodeNews(encodeNews(changeOf(second.record, others), 'me', 'b') ?? '')
  expect(news?.change.ended).toEqual([{ sessionId: 's1', endedAt: NOW, why: 'SIGNED_OUT' }])
})

test('R55 news of a version too far away says nothing', () => {
  const text = encodeNews(changeOf(newRecord('ada'), online), 'me', 'a') ?? ''
  expect(decodeNews(text.replace(`"v":${SCHEMA_VERSION}`, `"v":${SCHEMA_VERSION + 2}`))).toBeNull()
  expect(decodeNews(text.replace(`"v":${SCHEMA_VERSION}`, `"v":${SCHEMA_VERSION + 1}`))).not.toBeNull()
})

test('whose news they are is told without reading them', () => {
  const text = encodeNews(changeOf(newRecord('ada'), online), 'me', 'a') ?? ''
  expect([isNewsOf('me', text), isNewsOf('m', text), isNewsOf('you', text)]).toEqual([true, false, false])
})
