import fc from 'fast-check'
import { serveGuests } from './guests.ts'
import { type Input, inputs } from './inputs.ts'
import { growthOf, type HeapSample } from './growth.ts'
import { createPlayer, type Player } from './play.ts'
import { startTarget, type Target, type TargetOptions } from './target.ts'

/** Longest that the event loop of the server may stand still, in milliseconds. */
export const LONGEST_PAUSE_MS = 200

/** Most inputs that are under way together, as one batch. */
export const BATCH = 500
/** Connections that are under way at once. */
const AT_ONCE = 64
/** Looks at the heap in one run. */
const HEAP_SAMPLES = 24
/** Sockets of the server that are not a client's: its own, the inspector's, and those to its database. */
const SOCKETS_BESIDES = 40

export interface FuzzOptions extends TargetOptions {
  readonly inputs: number
  readonly seed: number
  /** Does something to the target that is to be found out. */
  readonly plant?: (target: Target) => Promise<unknown>
  /** Whether the fewest inputs are looked for that show a fault. @default true */
  readonly isNarrowed?: boolean
  readonly onInputs?: (count: number) => void
}

/** What a run came to. */
export interface FuzzReport {
  readonly inputs: number
  readonly kinds: Readonly<Record<string, number>>
  readonly outcomes: Readonly<Record<string, number>>
  /** The longest pause of the event loop, and the longest in which the server was at work itself, in milliseconds. */
  readonly longestPauseMs: number
  readonly longestOwnPauseMs: number
  readonly heap: readonly HeapSample[]
  readonly finding: Finding | null
}

/** What went wrong, and the inputs that may have been why. */
interface Trouble {
  readonly fault: string
  readonly inputs: readonly Input[]
}

/** The fewest inputs that still show it; none when it belongs to the whole run. */
export interface Finding extends Trouble {
  /** What was seen first, of which this is left. */
  readonly first: string
  /** Begins a run with the batch that showed it. */
  readonly seed: number
}

/** Sends garbage until there was enough of it, or something went wrong. */
export async function fuzz(options: FuzzOptions): Promise<FuzzReport> {
  const run = createRun(options)
  try {
    return await run.all()
  } finally {
    await run.stop()
  }
}

function createRun(options: FuzzOptions) {
  const { seed, plant, isNarrowed = true, onInputs = () => {} } = options
  const kinds = new Map<string, number>()
  const outcomes = new Map<string, number>()
  const heap: HeapSample[] = []
  let target: Target | null = null
  let player: Player | null = null
  let played = 0
  let pauses = { longestMs: 0, ownMs: 0 }

  async function ready(): Promise<{ target: Target; player: Player }> {
    // A server that ended is told of; to find out by which input, there has to be one again.
    if (target?.trouble() != null) await stop()
    if (target === null) {
      target = await startTarget(options)
      await plant?.(target)
      await target.watch.held()
    }
    player ??= createPlayer(target, outcomes)
    return { target, player }
  }

  async function stop(): Promise<void> {
    player?.close()
    await target?.stop()
    player = null
    target = null
  }

  /** @returns what went wrong with the server itself, now that a batch is over */
  async function look({ watch, ...server }: Target): Promise<string | null> {
    const said = server.trouble()
    if (said !== null) return said
    const { longestMs, ownMs } = await watch.pauses()
    pauses = { longestMs: Math.max(pauses.longestMs, longestMs), ownMs: Math.max(pauses.ownMs, ownMs) }
    return ownMs > LONGEST_PAUSE_MS ? `the event loop stood still for ${Math.round(ownMs)} ms` : null
  }

  /** Sends these, so many at once. @returns what went wrong, the worst first */
  async function batch(sent: readonly Input[]): Promise<Trouble[]> {
    const now = await ready()
    const troubles: Trouble[] = []
    // What waits for the server's own patience begins first: all the rest is done meanwhile.
    const waiting = sent.toSorted((a, b) => Number(isPatient(b)) - Number(isPatient(a))).values()
    const begun: Input[] = []
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const input of waiting) {
          if (now.target.trouble() !== null) return
          begun.push(input)
          const fault = await now.player.play(input).catch((error: Error) => `could not be sent: ${error.message}`)
          if (fault !== null) troubles.push({ fault, inputs: [input] })
        }
      }),
    )
    const fault = await troubleOf(now.target)
    return fault === null ? troubles : [{ fault, inputs: begun }, ...troubles]
  }

  /** The fewest of these inputs that show something by themselves. */
  async function narrow(trouble: Trouble): Promise<Trouble> {
    const { inputs: suspects } = trouble
    if (suspects.length < 2) return trouble
    const middle = Math.ceil(suspects.length / 2)
    for (const half of [suspects.slice(0, middle), suspects.slice(middle)]) {
      const [again] = await batch(half)
      if (again) return narrow(again)
    }
    // It takes them all.
    return trouble
  }

  async function troubleOf(now: Target): Promise<string | null> {
    try {
      return (await look(now)) ?? (await serveGuests(now)) ?? (await look(now))
    } catch (error) {
      // What ended is what there is to tell, and it may take a moment until that is known.
      await new Promise((resolve) => setTimeout(resolve, 500))
      return now.trouble() ?? `the guests could not be served: ${(error as Error).message}`
    }
  }

  async function measure(): Promise<void> {
    const now = await ready()
    const held = await now.target.watch.held()
    heap.push({ inputs: played, bytes: held.bytes })
  }

  async function search(): Promise<Finding | null> {
    for (let at = 0; played < options.inputs; at += 1) {
      const length = Math.min(BATCH, options.inputs - played)
      const all = fc.array(inputs, { minLength: length, maxLength: length })
      const [sent = []] = fc.sample(all, { seed: seedOf(seed + at), numRuns: 1 })
      for (const { kind } of sent) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
      const [trouble] = await batch(sent)
      played += sent.length
      if (trouble) {
        const least = isNarrowed ? await narrow(trouble) : trouble
        return { ...least, first: trouble.fault, seed: seed + at }
      }
      onInputs(sent.length)
      if (played >= ((heap.length + 1) * options.inputs) / HEAP_SAMPLES) await measure()
    }
    return null
  }

  async function endOfRun(): Promise<string | null> {
    const growth = growthOf(heap)
    if (growth !== null) return growth
    const now = await ready()
    player?.close()
    player = null
    for (let look = 0; look < 50; look += 1) {
      const { sockets } = await now.target.watch.held()
      if (sockets <= SOCKETS_BESIDES) return null
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return `connections are left open: ${(await now.target.watch.held()).sockets}`
  }

  return {
    stop,
    async all(): Promise<FuzzReport> {
      const found = await search()
      const late = found === null ? await endOfRun() : null
      return {
        inputs: played,
        kinds: Object.fromEntries(kinds),
        outcomes: Object.fromEntries(outcomes),
        longestPauseMs: pauses.longestMs,
        longestOwnPauseMs: pauses.ownMs,
        heap,
        finding: found ?? (late === null ? null : { fault: late, first: late, inputs: [], seed }),
      }
    },
  }
}

const isPatient = (input: Input): boolean => 'ending' in input && input.ending === 'wait'

/** Seeds of neighbours are not to give neighbouring inputs. */
const seedOf = (number: number): number => Math.imul(number + 1, 0x9e37_79b1)
