import { describe, expect, test } from 'vitest'
import { playPair } from './pairs.ts'
import { OTHERS, SECRET } from './people.ts'
import type { Deed, Script, Step } from './script.ts'

const PATIENCE = { timeout: 300_000 }

const [ANA = '', , DANA = ''] = OTHERS
const comes = (who: string): Step => ({ who, deed: { do: 'connect', device: 0, format: 'events', type: 'web' } })
const does = (who: string, deed: Deed): Step => ({ who, deed })
const wait = (ms: number): Step => ({ who: null, deed: { do: 'wait', ms } })
const outage = (of: 'everything' | 'decisions' | 'nothing'): Step => ({ who: null, deed: { do: 'outage', of } })
const search: Step = { who: null, deed: { do: 'search', query: {}, compares: false } }
const hidesAgain = does(SECRET, { do: 'show', shown: false })
const BATCH: Deed = { do: 'batch', users: [SECRET] }

const pair = (after: readonly Step[], settings: Partial<Script> = {}): Script => ({
  audience: 'watchers',
  mergeMs: 0,
  resting: false,
  before: [],
  after,
  ...settings,
})

/** What random pairs found in us once, each as the shortest script that showed it. */
describe('R31 nobody finds out', () => {
  test.each<[name: string, script: Script]>([
    ['by caches that are purged when somebody hidden hides again', pair([hidesAgain])],
    [
      'by who answers for somebody hidden while PostgreSQL does not',
      pair([comes(SECRET), outage('everything'), does(ANA, { do: 'read', user: SECRET })]),
    ],
    [
      'by a list that is answered, or not, while PostgreSQL does not',
      pair([
        comes(ANA),
        comes(SECRET),
        outage('everything'),
        does(ANA, { do: 'watch', device: 0, users: [SECRET], withKnown: false }),
      ]),
    ],
    [
      'by what is remembered of somebody hidden for as long as they do nothing',
      pair([
        does(ANA, BATCH),
        comes(SECRET),
        does(SECRET, { do: 'leave', device: 0 }),
        outage('everything'),
        does(ANA, BATCH),
      ]),
    ],
    [
      'by what somebody hidden reads of themself, which others are then answered from',
      pair([does(SECRET, BATCH), outage('everything'), does(ANA, BATCH)]),
    ],
    [
      'by the time of an answer while it is not stored that somebody hid again',
      pair([outage('decisions'), hidesAgain, search]),
    ],
    [
      'by the order of two others whose time runs out at the same moment',
      pair([comes(SECRET), comes(ANA), comes(DANA), wait(3_1_800_000)], { audience: 'everyone', resting: true }),
    ],
  ])('%s', PATIENCE, async (_name, script) => {
    expect(await playPair(script)).toBeNull()
  })
})
