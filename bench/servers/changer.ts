import type { ChangePlan, ChangesMade } from './verbs.ts'

/** Makes one user present or absent. @param at epoch milliseconds */
export type Change = (userId: string, present: boolean, at: number) => unknown

/** The state of the users whom a bench lets come and go; survives from one plan to the next. */
export interface Changer {
  setAll(users: readonly string[], present: boolean): Promise<void>
  start(plan: ChangePlan): void
  stop(): Promise<ChangesMade>
}

/** Users who are made present side by side: enough to keep the database busy. */
const AT_ONCE = 200

interface Run {
  readonly plan: ChangePlan
  readonly times: number[]
  readonly underWay: Set<Promise<unknown>>
  since: number
  made: number
  failed: number
  timer: NodeJS.Timeout | null
}

/**
 * Makes changes at a pace. A server that cannot keep up makes as many as it can: what is overdue is left out.
 *
 * @param isReady false while the network has not taken what was written; asked only where the plan wants it, because it costs
 */
export function createChanger(change: Change, isReady: () => boolean = () => true): Changer {
  const present = new Set<string>()
  let run: Run | null = null

  function flip(current: Run): void {
    const { users, sequence } = current.plan
    const index = sequence[current.made % sequence.length] ?? 0
    const userId = users[index] ?? ''
    current.made++
    current.times[index] = (current.times[index] ?? 0) + 1
    const comes = !present.has(userId)
    if (comes) present.add(userId)
    else present.delete(userId)
    const result = change(userId, comes, Date.now())
    if (!(result instanceof Promise)) return
    const watched: Promise<unknown> = result
      .catch(() => current.failed++)
      .finally(() => current.underWay.delete(watched))
    current.underWay.add(watched)
  }

  function turn(current: Run, due: number): void {
    const { perSecond, burst, awaitNetwork = false } = current.plan
    const wanted = Math.floor(((performance.now() - current.since) * perSecond) / 1_000) - due
    const possible = !awaitNetwork || isReady() ? Math.min(wanted, burst) : 0
    for (let n = 0; n < possible; n++) flip(current)
    const next = due + wanted
    const waitMs = current.since + ((next + 1) * 1_000) / perSecond - performance.now()
    current.timer = setTimeout(() => turn(current, next), Math.max(0, waitMs))
  }

  return {
    async setAll(users, toPresent) {
      const others = users.filter((userId) => present.has(userId) !== toPresent)
      for (let from = 0; from < others.length; from += AT_ONCE) {
        await Promise.all(others.slice(from, from + AT_ONCE).map((userId) => change(userId, toPresent, Date.now())))
      }
      for (const userId of others) {
        if (toPresent) present.add(userId)
        else present.delete(userId)
      }
    },
    start(plan) {
      const times = plan.users.map(() => 0)
      const started: Run = {
        plan,
        times,
        underWay: new Set(),
        since: performance.now(),
        made: 0,
        failed: 0,
        timer: null,
      }
      run = started
      turn(started, 0)
    },
    async stop() {
      if (run === null) throw new Error('No changes are being made')
      const { plan, times, underWay, timer } = run
      if (timer) clearTimeout(timer)
      while (underWay.size > 0) await Promise.all(underWay)
      const { made, failed } = run
      run = null
      return { made, failed, times, present: plan.users.map((userId) => present.has(userId)) }
    },
  }
}
