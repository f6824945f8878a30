import type { Rules } from '../rules.ts'
import type { UserRecord } from '../user-record.ts'

/** Until when a node is believed alive. Epoch milliseconds of the store's clock. */
export interface LeaseTimes {
  readonly renewedAt: number
  readonly until: number
}

/** What can be found out about one user at one moment: all that an explanation may go by. */
export interface Evidence {
  readonly userId: string
  /** As the live store has it, with the activity that this node knows of. Null: it does not hold them. `unknown`: it does not answer. */
  readonly live: UserRecord | null | 'unknown'
  /** As PostgreSQL has it. Null: there is no such user. `unknown`: it does not answer. */
  readonly stored: UserRecord | null | 'unknown'
  /** Leases by node; null where there is one node, which is the one that asks. */
  readonly leases: ReadonlyMap<string, LeaseTimes> | null
  /** Milliseconds for which the live store has not answered; null: it answers. */
  readonly lostForMs: number | null
  /** Milliseconds without the store after which nothing is shown any more (R45). */
  readonly staleAfterMs: number
  /** Connections of theirs here that stand while presence is switched off for them; null: it is on (R70). */
  readonly asleep: number | null
  /** Whether something they decided holds live only, and waits to be stored (R32). */
  readonly isPending: boolean
  readonly rules: Rules
  /** Epoch milliseconds of the store's clock. */
  readonly now: number
}

/** Why somebody has the status they are shown with: exactly one of these decides. */
export const CAUSES = [
  'NO_SUCH_USER',
  'DELETED',
  'BANNED',
  'SWITCHED_OFF',
  'NOBODY_ANSWERS',
  'STORE_LOST',
  'STORE_UNKNOWN',
  'NEVER_HERE',
  'LEFT',
  'SIGNED_OUT',
  'PRESUMED',
  'CHOSEN',
  'ACTIVE',
  'IDLE',
  'IN_GRACE',
  'NODE_LOST',
] as const
export type Cause = (typeof CAUSES)[number]

/** What else is worth knowing: why others see something else, and what is not yet as it will be. */
export const NOTES = [
  'HIDDEN',
  'LEVELS',
  'BLOCKS',
  'CHOICE_WAITS',
  'TOKENS_REVOKED',
  'OVERDUE',
  'NOT_PROJECTED',
  'NOT_STORED',
  'DECISION_BEHIND',
  'COLUMN_DIFFERS',
  'ROW_GONE',
  'POSTGRES_UNKNOWN',
] as const
export type Note = Cause | (typeof NOTES)[number]

/** One reason, by its name and in a sentence for people. */
export interface Reason<Rule extends string = Note> {
  readonly rule: Rule
  readonly sentence: string
  /** Whether something is behind, or away: it passes, or somebody has to look after it. */
  readonly isTrouble: boolean
}

export const because = <Rule extends Note>(rule: Rule, sentence: string): Reason<Rule> => ({
  rule,
  sentence,
  isTrouble: false,
})

export const trouble = <Rule extends Note>(rule: Rule, sentence: string): Reason<Rule> => ({
  rule,
  sentence,
  isTrouble: true,
})
