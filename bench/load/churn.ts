import { setTimeout as sleep } from 'node:timers/promises'
import { differentOnes, seededChance } from '../chance.ts'
import type { Client } from './client.ts'

export interface ChurnPlan {
  /** Clients connected at once. */
  readonly seats: number
  /** Who may take a seat; many more than there are seats, and yet so few that all have been there before long. */
  readonly users: readonly string[]
  readonly watchable: readonly string[]
  readonly forMs: number
}

const PAGE = 20
const STAY_MS = { least: 500, most: 4_000 }
const SEED = 5

/**
 * Keeps clients coming and going: each takes a seat, looks at some pages, and leaves with a goodbye or without a word.
 *
 * @returns how many visits there were
 */
export async function churn(
  { seats, users, watchable, forMs }: ChurnPlan,
  open: (userId: string, watch: readonly string[]) => Promise<Client>,
): Promise<number> {
  const chance = seededChance(SEED)
  const until = performance.now() + forMs
  const below = (count: number) => Math.floor(chance() * count)
  const pageOf = () => differentOnes(PAGE, () => below(watchable.length)).map((position) => watchable[position] ?? '')
  const stay = () => sleep(STAY_MS.least + below(STAY_MS.most - STAY_MS.least))
  let visits = 0

  async function seat(): Promise<void> {
    // Not all in the same moment.
    await sleep(below(STAY_MS.most))
    while (performance.now() < until) {
      const client = await open(users[below(users.length)] ?? '', pageOf())
      visits++
      for (let page = below(3); page > 0; page--) {
        await stay()
        await client.watch(pageOf())
      }
      await stay()
      client.end(chance() < 0.5 ? 'clean' : 'abrupt')
      await client.ended
    }
  }

  await Promise.all(Array.from({ length: seats }, seat))
  return visits
}
