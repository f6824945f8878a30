import fc from 'fast-check'
import { uuidIds } from '../../src/domain/user-id.ts'
import { createMemoryDurableStore } from '../../src/store/memory/memory-durable-store.ts'
import { createMemoryHotStore } from '../../src/store/memory/memory-hot-store.ts'
import type { HotStore } from '../../src/store/contract.ts'
import { takeOverMachine } from './machine.ts'
import { PROVIDERS, USERS } from './people.ts'
import { play, type Told, type Transcript } from './play.ts'
import { describeScript, type Script, scripts } from './script.ts'
import { memoryRows, type Plant, startWorld, type Stores } from './world.ts'

/** Makes what one world keeps what it knows in. */
export type Open = (clock: () => number, script: Script) => Promise<Stores>

/** Where the two worlds differ first. */
export interface Difference {
  readonly alone: Told | undefined
  readonly active: Told | undefined
}

export interface Finding {
  readonly seed: number
  /** Pairs that were equal before this one. */
  readonly pairs: number
  /** What to read: the shortest script that shows it, and what was told. */
  readonly report: string
}

/** Plays a script twice, the secret user silent and not, and compares all that others were told. */
export async function playPair(script: Script, plant?: Plant, open: Open = openMemory): Promise<Difference | null> {
  const transcripts: Transcript[] = []
  for (const alone of [true, false]) {
    const machine = takeOverMachine()
    try {
      const world = await startWorld({ ...script, machine, plant, open: (clock) => open(clock, script) })
      try {
        transcripts.push(await play(world, script, alone))
      } finally {
        await world.stop()
      }
    } finally {
      machine.release()
    }
  }
  const [alone = [], active = []] = transcripts
  return compare(alone, active)
}

/** Tries so many pairs. @returns the first that differs, shrunk, or null */
export async function findInterference(options: {
  pairs: number
  seed: number
  plant?: Plant
  /** Of which kind. @default all kinds */
  scripts?: fc.Arbitrary<Script>
  onPair?: () => void
}): Promise<Finding | null> {
  const { pairs, seed, plant, onPair = () => {} } = options
  const property = fc.asyncProperty(options.scripts ?? scripts, async (script) => {
    const difference = await playPair(script, plant)
    onPair()
    if (difference) throw new Interference(script, difference)
  })
  const { failed, numRuns, errorInstance } = await fc.check(property, { numRuns: pairs, seed, endOnFailure: false })
  if (!failed) return null
  if (!(errorInstance instanceof Interference)) throw errorInstance
  return { seed, pairs: numRuns - 1, report: errorInstance.message }
}

class Interference extends Error {
  override readonly name = 'Interference'
  constructor(script: Script, difference: Difference) {
    super(describeDifference(script, difference))
  }
}

export const describeDifference = (script: Script, { alone, active }: Difference): string =>
  [
    'What others were told depends on what the secret user did.',
    describeScript(script),
    `While the secret user did nothing: ${describeTold(alone)}`,
    `While they did the above: ${describeTold(active)}`,
  ].join('\n')

const describeTold = (told: Told | undefined): string =>
  told ? `step ${told.step}, ${told.channel}:\n${told.text}` : 'nothing more'

/** By channel, each in its own order; a step that was skipped is a step. */
export function compare(alone: Transcript, active: Transcript): Difference | null {
  const channels = new Set([...alone, ...active].map(({ channel }) => channel))
  const differences: Difference[] = []
  for (const channel of channels) {
    const [a, b] = [alone, active].map((all) => all.filter((told) => told.channel === channel)) as [Told[], Told[]]
    const length = Math.max(a.length, b.length)
    const first = Array.from({ length }, (_, i) => i).find(
      (i) => a[i]?.text !== b[i]?.text || a[i]?.step !== b[i]?.step,
    )
    if (first !== undefined) differences.push({ alone: a[first], active: b[first] })
  }
  const stepOf = ({ alone: a, active: b }: Difference) => Math.min(a?.step ?? Infinity, b?.step ?? Infinity)
  return differences.toSorted((a, b) => stepOf(a) - stepOf(b))[0] ?? null
}

/** A system that keeps everything in this process. */
async function openMemory(clock: () => number, { resting }: Script): Promise<Stores> {
  const durable = createMemoryDurableStore({ userId: uuidIds, providers: PROVIDERS })
  for (const user of USERS) durable.addUser(user)
  const hot = createMemoryHotStore({ clock })
  return {
    hot: resting ? hot : forgetful(hot),
    durable,
    rows: memoryRows,
    condition({ statuses, lastSeenWithinMs, activeWithinMs }, column, hidden) {
      const since = (ms: number | null) => (ms === null ? null : clock() - ms)
      const filter = { statuses, seenSince: since(lastSeenWithinMs), activeSince: since(activeWithinMs) }
      return { [column]: durable.usersWho(filter, hidden) }
    },
    close: async () => {},
  }
}

/** Forgets whoever rests as soon as it may, as a store among a million users does after a while. */
const forgetful = (hot: HotStore): HotStore => ({
  ...hot,
  async read(userIds) {
    const needed = new Set((await hot.unprojected(USERS.length)).map(({ userId }) => userId))
    const found = await hot.read(userIds)
    const held = [...found].filter(
      ([id, { sessions, deadline }]) => needed.has(id) || sessions.length > 0 || deadline !== null,
    )
    return new Map(held)
  },
})
