import { describe, expect, test } from 'vitest'
import { playPair } from './pairs.ts'
import { OTHERS, SECRET } from './people.ts'
import type { Hiding } from './hiding.ts'
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
const READ: Deed = { do: 'read', user: SECRET }
/** Somebody who is in no store: a list that names them cannot be answered during an outage. */
const NOT_KNOWN = '00000000-0000-4000-8000-000000000099'
const leaves = does(SECRET, { do: 'leave', device: 0 })

const NOBODY: Hiding = { by: 'levels', levels: { status: 'nobody', lastSeen: 'nobody', coarse: false } }
const CONTACTS: Hiding = { by: 'levels', levels: { status: 'contacts', lastSeen: 'contacts', coarse: false } }
const BLOCKS_ANA: Hiding = { by: 'block', viewers: [ANA] }
/** Who was never heard of is not even let in during an outage. */
const known: Step[] = [does(ANA, { do: 'work' }), does(DANA, { do: 'work' })]
const danaIsContact: Step = { who: null, deed: { do: 'relate', viewer: DANA, isContact: true } }

const pair = (after: readonly Step[], settings: Partial<Script> = {}): Script => ({
  audience: 'watchers',
  mergeMs: 0,
  resting: false,
  before: [],
  hiding: { by: 'switch' },
  after,
  ...settings,
})

/** What random pairs found in us once, each as the shortest script that showed it. */
describe('R31 R36 R37 nobody finds out', () => {
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
    [
      'by who remembers what somebody hidden was let in by',
      pair([wait(11_000), does(SECRET, BATCH), outage('everything'), does(ANA, BATCH)], { before: known }),
    ],
    [
      'by who answers for somebody whose level says nobody while PostgreSQL does not',
      pair([comes(SECRET), outage('everything'), does(ANA, READ)], { hiding: NOBODY, before: known }),
    ],
    [
      'by who is missing of those whose level says nobody',
      pair([comes(SECRET), outage('everything'), does(ANA, BATCH)], { hiding: NOBODY, before: known }),
    ],
    [
      'by what a contact may know and a stranger may not while PostgreSQL does not answer',
      pair([comes(SECRET), outage('everything'), does(DANA, BATCH), does(ANA, BATCH)], {
        hiding: CONTACTS,
        before: [...known, danaIsContact],
      }),
    ],
    [
      'by what contacts are answered from, and strangers then remember',
      pair([comes(SECRET), does(DANA, BATCH), outage('everything'), does(ANA, BATCH)], {
        hiding: CONTACTS,
        before: [...known, danaIsContact],
      }),
    ],
    [
      'by what is remembered of somebody for as long as contacts are told nothing new',
      pair([does(ANA, BATCH), comes(SECRET), leaves, outage('everything'), does(ANA, BATCH)], {
        hiding: CONTACTS,
        before: known,
      }),
    ],
    [
      'by who answers the blocked while PostgreSQL does not',
      pair([comes(SECRET), outage('everything'), does(ANA, READ)], { hiding: BLOCKS_ANA, before: known }),
    ],
    [
      'by who is missing for the blocked',
      pair([comes(SECRET), outage('everything'), does(ANA, BATCH)], { hiding: BLOCKS_ANA, before: known }),
    ],
    [
      'by what the blocked are answered from what others remember',
      pair([comes(SECRET), does(DANA, BATCH), outage('everything'), does(ANA, BATCH)], {
        hiding: BLOCKS_ANA,
        before: known,
      }),
    ],
    [
      'by the version of somebody who blocks, which the live store knows and PostgreSQL did not',
      pair([comes(SECRET), comes(ANA), does(ANA, { do: 'watch', device: 0, users: [SECRET], withKnown: false })], {
        hiding: BLOCKS_ANA,
      }),
    ],
    [
      'by the version of somebody hidden, which moved when they blocked somebody',
      pair([
        does(SECRET, { do: 'block', viewer: ANA, blocked: true }),
        comes(ANA),
        does(ANA, { do: 'watch', device: 0, users: [SECRET], withKnown: false }),
      ]),
    ],
    [
      'by what is taken back from the blocked who came later and were told nothing',
      pair([comes(SECRET), comes(ANA), does(SECRET, { do: 'choose', device: null, status: 'dnd' })], {
        hiding: BLOCKS_ANA,
        audience: 'everyone',
      }),
    ],
    [
      'by what is taken back from the blocked who watched them, and watch nobody any more',
      pair(
        [
          comes(SECRET),
          does(ANA, { do: 'watch', device: 0, users: [SECRET], withKnown: false }),
          does(ANA, { do: 'unwatch', device: 0 }),
          leaves,
        ],
        { hiding: BLOCKS_ANA, before: [comes(ANA)], audience: 'everyone' },
      ),
    ],
    [
      'by what is taken back from the blocked whose list could not be answered',
      pair(
        [
          comes(SECRET),
          outage('everything'),
          does(ANA, { do: 'watch', device: 0, users: [SECRET, NOT_KNOWN], withKnown: false }),
          leaves,
          wait(1),
        ],
        { hiding: BLOCKS_ANA, before: [comes(ANA)] },
      ),
    ],
  ])('%s', PATIENCE, async (_name, script) => {
    expect(await playPair(script)).toBeNull()
  })
})
