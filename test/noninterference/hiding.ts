import fc from 'fast-check'
import { allowanceOf, AUDIENCE_LEVELS, type AudienceLevel, type Levels } from '../../src/domain/visibility.ts'
import { OTHERS, SECRET } from './people.ts'
import type { Deed, Step } from './script.ts'

/** How the secret user hides, and so from whom, and what. */
export type Hiding =
  | { readonly by: 'switch' }
  /** From whoever may know neither; the levels are of no other kind. */
  | { readonly by: 'levels'; readonly levels: Levels }
  /** Whether they are here: whoever may know when they were is told that once they leave, so they do not. */
  | { readonly by: 'status level'; readonly levels: Levels }
  /** When they were active, of somebody who is not here: whoever may know whether they are would see them come. */
  | { readonly by: 'last seen level'; readonly levels: Levels }
  | { readonly by: 'block'; readonly viewers: readonly string[] }
  | { readonly by: 'ban' }

const narrow = fc.constantFrom<AudienceLevel>('contacts', 'nobody')
const level = fc.constantFrom<AudienceLevel>(...AUDIENCE_LEVELS)
const coarse = fc.boolean()

export const LEVEL_HIDINGS: fc.Arbitrary<Hiding> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      by: fc.constant('levels' as const),
      levels: fc.record({ status: narrow, lastSeen: narrow, coarse }),
    }),
  },
  fc.record({
    by: fc.constant('status level' as const),
    levels: fc.record({ status: narrow, lastSeen: level, coarse }),
  }),
  fc.record({
    by: fc.constant('last seen level' as const),
    levels: fc.record({ status: level, lastSeen: narrow, coarse }),
  }),
)

export const BLOCK_HIDINGS: fc.Arbitrary<Hiding> = fc.record({
  by: fc.constant('block' as const),
  viewers: fc.subarray(OTHERS, { minLength: 1, maxLength: 3 }),
})

export const hidings: fc.Arbitrary<Hiding> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Hiding>({ by: 'switch' }) },
  { weight: 4, arbitrary: LEVEL_HIDINGS },
  { weight: 3, arbitrary: BLOCK_HIDINGS },
  { weight: 1, arbitrary: fc.constant<Hiding>({ by: 'ban' }) },
)

/**
 * Whether a viewer may know something of what the secret user does from then on: then it is no secret what they are told.
 *
 * @param viewer null for whoever searches, and for caches
 * @param contacts with whom the secret user deals
 */
export function mayKnow(hiding: Hiding, viewer: string | null, contacts: ReadonlySet<string>): boolean {
  if (viewer === SECRET) return true
  if (hiding.by === 'switch' || hiding.by === 'ban') return false
  if (hiding.by === 'block') return viewer === null || !hiding.viewers.includes(viewer)
  const audience = viewer !== null && contacts.has(viewer) ? 'contact' : 'stranger'
  const { status, lastSeen } = allowanceOf({ visible: true, levels: hiding.levels }, audience)
  if (hiding.by === 'status level') return status
  if (hiding.by === 'last seen level') return lastSeen
  return status || lastSeen
}

/** What ends a session of theirs, or may. */
const ENDING: ReadonlySet<Deed['do']> = new Set(['leave', 'cut', 'signOut'])
/** What somebody does who is not here. */
const ABSENT_DEEDS: ReadonlySet<Deed['do']> = new Set(['work', 'batch', 'read', 'hostList'])

/** Whether a step after the hiding tells nobody, by what it is, what others may not know. */
export function isUntold({ who, deed }: Step, hiding: Hiding): boolean {
  if (who === null) return true
  if (who !== SECRET) return isComparable({ who, deed }, hiding)
  if (hiding.by === 'block') return deed.do !== 'block' || !hiding.viewers.includes(deed.viewer)
  // Whom they block does not matter to whoever knew nothing anyway; what they decide on else might let others know more.
  if (deed.do === 'level') return false
  if (deed.do === 'show') return hiding.by === 'switch' && !deed.shown
  // Whoever may know when they were here sees that they do not any more (R37).
  if (deed.do === 'block' && hiding.by === 'status level') return hiding.levels.lastSeen === 'nobody'
  if (hiding.by === 'status level') return !ENDING.has(deed.do)
  if (hiding.by === 'last seen level') return ABSENT_DEEDS.has(deed.do)
  return true
}

/** Whether what a step tells somebody can be held against them: searches show the blocked, too, what strangers may see (R37). */
export const isComparable = ({ who, deed }: Step, hiding: Hiding): boolean =>
  who === null || hiding.by !== 'block' || !hiding.viewers.includes(who) || !isSearch(deed)

const isSearch = (deed: Deed): boolean =>
  deed.do === 'watchSearch' || (deed.do === 'hostList' && Object.keys(deed.query).length > 0)

/** Longer than any grace. */
const GRACE_MS = 31_000

/** What the secret user does, in both worlds, so that what they do from then on is hidden. */
export function stepsOf(hiding: Hiding): Step[] {
  const does = (deed: Deed): Step => ({ who: SECRET, deed })
  if (hiding.by === 'switch') return [does({ do: 'show', shown: false })]
  if (hiding.by === 'ban') return [{ who: null, deed: { do: 'ban' } }]
  if (hiding.by === 'block') return hiding.viewers.map((viewer) => does({ do: 'block', viewer, blocked: true }))
  const decided = [does({ do: 'show', shown: true }), does({ do: 'level', levels: hiding.levels })]
  // Whoever is about to leave is told of as gone in one world, and may come back before that in the other.
  if (hiding.by === 'status level') return [{ who: null, deed: { do: 'wait', ms: GRACE_MS } }, ...decided]
  return hiding.by === 'last seen level' ? [does({ do: 'signOut' }), ...decided] : decided
}

export function describeHiding(hiding: Hiding): string {
  const { by, ...how } = hiding
  return `the secret user hides by ${by} ${JSON.stringify(how)}`
}
