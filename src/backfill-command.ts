import { setTimeout as sleep } from 'node:timers/promises'
import type { UsersPlace } from './personal-commands.ts'
import { PresenceError } from './domain/errors.ts'
import { backfill, type BackfillPace } from './service/backfill.ts'
import { type BackfillTotals, openBackfill } from './store/postgres/backfill.ts'
import type { ShowProgress } from './telemetry/progress.ts'

/** As they come from the command line. */
export interface BackfillSettings {
  readonly from: string
  readonly batch: string
  readonly pause: string
  readonly maxLag: string
  readonly dryRun?: boolean
}

/** What the command tells while it works. */
export interface BackfillTells {
  readonly progress: ShowProgress
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

const count = (n: number): string => n.toLocaleString('en')

/**
 * Fills in, from the host's last login, when users of whom presence knows nothing were here last; nodes may serve meanwhile.
 *
 * @returns a sentence on what was, or would be, done
 * @throws {PresenceError} INVALID_OPTION, SCHEMA_CONFLICT · STORE_UNAVAILABLE when it had to give up; the same command goes on
 */
export async function backfillPresence(
  { sequelize, usersTable, idColumn, userId }: UsersPlace,
  settings: BackfillSettings,
  { progress, say, signal }: BackfillTells,
): Promise<string> {
  const pace = paceOf(settings)
  const { from, dryRun: isDryRun = false } = settings
  const steps = await openBackfill({ sequelize, usersTable, idColumn, userId, from, isDryRun })
  const total = await steps.size()
  const begun = await steps.begun()
  if (begun.looked > 0) say(`Going on behind the first ${count(begun.looked)} users, where an earlier run ended.`)
  const show = ({ looked, isLast }: BackfillTotals) =>
    progress('users', looked, isLast ? looked : Math.max(total, looked + 1))
  show(begun)
  const done = await backfill(steps, pace, {
    onProgress: show,
    onWait: say,
    signal,
    clock: () => performance.now(),
    sleep: (ms) => sleep(ms, undefined, { signal }).catch(() => {}),
  })
  return sentenceOn(done ?? begun, isDryRun)
}

/** @throws {PresenceError} INVALID_OPTION */
function paceOf({ batch, pause, maxLag }: BackfillSettings): BackfillPace {
  return {
    batch: numberOf('--batch', batch, /^\d{1,5}$/, 1, 'a whole number from 1 to 99,999'),
    pause: numberOf('--pause', pause, /^\d{1,3}(\.\d+)?$/, 0, 'a number from 0 to 999'),
    maxLagMs: 1_000 * numberOf('--max-lag', maxLag, /^\d{1,5}(\.\d+)?$/, 0, 'a number of seconds from 0 to 99,999'),
  }
}

function numberOf(option: string, text: string, form: RegExp, least: number, words: string): number {
  if (form.test(text) && Number(text) >= least) return Number(text)
  throw new PresenceError('INVALID_OPTION', `${option} is ${words}, not "${text}".`)
}

function sentenceOn({ looked, written, withheld, ahead, isLast }: BackfillTotals, isDryRun: boolean): string {
  const did = isDryRun ? 'would be' : 'were'
  const sentences = [
    `${count(looked)} users looked at: the last activity of ${count(written)} ${did} filled in.`,
    withheld > 0 ? `${count(withheld)} of them hide, or are barred: it is for their own eyes alone.` : '',
    ahead > 0 ? `${count(ahead)} last logins are not moments of the past: left out.` : '',
    isLast
      ? ''
      : isDryRun
        ? 'Ended before all were counted.'
        : 'Ended before it was done: the same command goes on from here.',
  ]
  return sentences.filter((sentence) => sentence !== '').join(' ')
}
