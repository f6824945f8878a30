import { setTimeout as sleep } from 'node:timers/promises'
import { differentOnes, seededChance } from '../chance.ts'
import type { LoadVerbs } from '../load/verbs.ts'
import { personIds } from '../people.ts'
import type { Process } from '../processes/start-process.ts'
import type { BenchServer, ServerKind, World } from '../world.ts'

/** How many providers a page shows. */
export const PAGE = 20
/** Providers who are home; pages show some of them. */
const AT_HOME = 200
/** How many clients are in their handshake at once. */
const AT_ONCE = 20
/** After it, what follows from an arrival is written to PostgreSQL as well. */
const WRITTEN_AFTER_MS = 1_500
const WARM_UP = 1_500

export interface Arrival {
  /** CPU of the server for each client, in milliseconds. */
  readonly cpuMs: number
  readonly frames: number
  readonly bytes: number
}

/** Whose page shows whom. */
export function pages(count: number): number[][] {
  const chance = seededChance(20)
  return Array.from({ length: count }, () => differentOnes(PAGE, () => Math.floor(chance() * AT_HOME)))
}

/** Brings providers home, where the server knows of such a thing. */
export async function bringHome(server: BenchServer, kind: ServerKind): Promise<string[]> {
  const watchable = personIds('provider', AT_HOME)
  if (kind === 'porchlight') await server.call('setAll', watchable, true)
  return watchable
}

/**
 * Lets clients arrive: handshake with a token, session, page of 20 with its snapshot. What is measured begins with a warm
 * server, and ends when the sessions are written.
 *
 * @param from which clients, so that nobody arrives twice
 */
export async function arrive(
  server: BenchServer,
  load: Process<LoadVerbs>,
  { secret }: World,
  { from, count, watchable }: { from: number; count: number; watchable: readonly string[] },
): Promise<Arrival> {
  const users = personIds('client', count, from)
  await load.call('prepare', secret, users)
  await load.call('reset')
  const before = await server.cpuMs()
  const { port, wire } = server
  await load.call('connect', {
    port,
    wire,
    secret,
    users,
    watchable,
    watches: pages(count),
    atOnce: AT_ONCE,
    devices: true,
  })
  await sleep(WRITTEN_AFTER_MS)
  const cpuMs = (await server.cpuMs()) - before
  const { frames, bytes, lost } = await load.call('tally')
  if (lost > 0) throw new Error(`${lost} connections were lost meanwhile`)
  return { cpuMs: cpuMs / count, frames: frames / count, bytes: bytes / count }
}

/** The first clients pay for compiling; they come and go before anything is measured. */
export async function warmUp(
  server: BenchServer,
  load: Process<LoadVerbs>,
  world: World,
  watchable: readonly string[],
): Promise<number> {
  await arrive(server, load, world, { from: 0, count: WARM_UP, watchable })
  await load.call('disconnect', 'clean', 0)
  await sleep(WRITTEN_AFTER_MS)
  return WARM_UP
}
