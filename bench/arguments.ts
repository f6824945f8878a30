import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Bench, STORES, type StoreKind } from './bench.ts'
import { BENCHES } from './benches.ts'

export interface BenchSettings {
  readonly benches: readonly Bench[]
  /** Minutes of soaking instead of benches, or null. */
  readonly soakMinutes: number | null
  /** Measures what one of each thing costs, for `porchlight capacity`, instead of benches. */
  readonly costs: boolean
  /** Users among whom presence is adopted and given up, instead of benches, or null. */
  readonly drillUsers: number | null
  /** Compares ways in which news travels between nodes, instead of benches. */
  readonly news: boolean
  readonly repetitions: number
  readonly stores: readonly StoreKind[]
  readonly quick: boolean
  readonly full: boolean
  /** Ends with 1 when a target is missed. */
  readonly check: boolean
  /** Folder of the results. */
  readonly out: string
}

const ROOT = join(import.meta.dirname, '..')
/** Of the machine on which it ran last: in no one's repository. */
const PRIVATE = join(ROOT, '.data', 'bench')
const PUBLIC = join(ROOT, 'docs', 'bench')
const SOAK = 'soak'
const COSTS = 'costs'
const NEWS = 'news'
const DRILL = 'drill'
const ALONE = [SOAK, COSTS, NEWS, DRILL]

export const USAGE = `npm run bench -- [${BENCHES.map(({ id }) => id).join('|')} …] [--reps 3] [--store memory|redis] [--quick] [--full] [--check] [--publish]
npm run bench -- soak [--minutes 10]
npm run bench -- costs [--quick] [--publish]
npm run bench -- news [--quick] [--publish]
npm run bench -- drill [--users 10000] [--publish]`

/** @throws Error with a sentence for people */
export function parseArguments(args: readonly string[]): BenchSettings {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      reps: { type: 'string' },
      store: { type: 'string' },
      minutes: { type: 'string' },
      users: { type: 'string' },
      quick: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  })
  const wanted = positionals.map((name) => name.toLowerCase())
  const alone = ALONE.find((name) => wanted.includes(name))
  if (alone !== undefined && wanted.length > 1) throw new Error(`"${alone}" runs by itself.\n${USAGE}`)
  const unknown = wanted.filter((name) => !ALONE.includes(name) && !BENCHES.some(({ id }) => id === name))
  if (unknown.length > 0) throw new Error(`There is no bench ${unknown.join(', ')}.\n${USAGE}`)
  const { quick, full, check, publish, out } = values
  return {
    benches: wanted.length === 0 ? BENCHES : BENCHES.filter(({ id }) => wanted.includes(id)),
    soakMinutes: alone === SOAK ? countOf('--minutes', values.minutes, quick ? 1 : 10) : null,
    drillUsers: alone === DRILL ? countOf('--users', values.users, 10_000, 8) : null,
    costs: alone === COSTS,
    news: alone === NEWS,
    repetitions: countOf('--reps', values.reps, quick ? 1 : 3),
    stores: storesFrom(values.store),
    quick,
    full,
    check,
    out: out ?? (publish ? PUBLIC : PRIVATE),
  }
}

function storesFrom(text: string | undefined): readonly StoreKind[] {
  if (text === undefined) return STORES
  const store = STORES.find((known) => known === text)
  if (store === undefined) throw new Error(`--store is one of ${STORES.join(', ')}, not "${text}"`)
  return [store]
}

function countOf(name: string, text: string | undefined, fallback: number, digits = 3): number {
  if (text === undefined) return fallback
  if (/^[1-9]\d*$/.test(text) && text.length <= digits) return Number(text)
  throw new Error(`${name} is a whole number from 1 to ${'9'.repeat(digits)}, not "${text}"`)
}
