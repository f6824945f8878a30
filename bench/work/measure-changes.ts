import { setTimeout as sleep } from 'node:timers/promises'
import type { Tally } from '../load/tally.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import type { Process } from '../processes/start-process.ts'
import type { ChangePlan, ChangesMade } from '../servers/verbs.ts'
import type { BenchServer } from '../world.ts'

export interface Measured {
  /** Of the server, all threads, from the first change until the last of its consequences arrived. */
  readonly cpuMs: number
  readonly changes: ChangesMade
  readonly tally: Tally
  /** How much of one core the server used while changes were made: 1 is saturated. */
  readonly shareOfCore: number
  /** The same of the load generator: near 1 it is what was measured. */
  readonly loadShareOfCore: number
}

/** Nothing arrived for this long: everything has. */
const QUIET_MS = 250
const LONGEST_WAIT_MS = 30_000

/** Makes changes for some time, waits until the last has arrived everywhere, and counts both ends of it. */
export async function measureChanges(
  server: BenchServer,
  load: Process<LoadVerbs>,
  plan: ChangePlan,
  forMs: number,
): Promise<Measured> {
  await load.call('reset')
  const before = await server.cpuMs()
  const loadBefore = await load.cpuMs()
  const since = performance.now()
  await server.call('startChanges', plan)
  await sleep(forMs)
  const changes = await server.call('stopChanges')
  const whileMade = (await server.cpuMs()) - before
  const loadWhileMade = (await load.cpuMs()) - loadBefore
  const lasted = performance.now() - since
  const tally = await awaitQuiet(load)
  const cpuMs = (await server.cpuMs()) - before
  if (changes.failed > 0) throw new Error(`${changes.failed} of ${changes.made} changes failed`)
  if (tally.lost > 0) throw new Error(`${tally.lost} connections were lost meanwhile`)
  return { cpuMs, changes, tally, shareOfCore: whileMade / lasted, loadShareOfCore: loadWhileMade / lasted }
}

/** Polls until nothing more arrives. @returns all that did */
export async function awaitQuiet(load: Process<LoadVerbs>): Promise<Tally> {
  const until = performance.now() + LONGEST_WAIT_MS
  let last = await load.call('tally')
  for (;;) {
    await sleep(QUIET_MS)
    const next = await load.call('tally')
    if (next.updates === last.updates || performance.now() > until) return next
    last = next
  }
}
