import { createHash } from 'node:crypto'
import type { Role } from './models.ts'
import { CITIES, MANNERS, TRADES } from './seed-data.ts'
import { nameFor, pick } from './seed-names.ts'

export interface SeedUser {
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly created_at: string
}

export interface SeedProvider extends SeedUser {
  /** Place in `CITIES`. */
  readonly city: number
  /** Places in `TRADES`, 1 to 3 of them; the first is the main one. */
  readonly trades: readonly number[]
  readonly rating: number
  readonly reviews: number
  readonly price: number
  readonly about: string
  readonly simulated: boolean
}

const FIRST_DAY = Date.UTC(2024, 0, 1)
const DAYS = 600
const DAY_MS = 86_400_000

/** The n-th member with a role who offers nothing: always the same one. */
export function seedMember(role: Exclude<Role, 'provider'>, index: number): SeedUser {
  const random = randomOf(`${role}:${index}`)
  return { id: idOf(role, index), name: nameFor(null, random), role, created_at: dayOf(random()) }
}

/** The n-th provider: the same one however many are made, so that a larger directory contains the smaller. */
export function seedProvider(index: number): SeedProvider {
  const random = randomOf(`provider:${index}`)
  const city = weighted(CITY_WEIGHTS, random())
  const trades = tradesOf(random)
  const main = pick(TRADES, (trades[0] ?? 0) / TRADES.length)
  const [from, to] = main.price
  return {
    id: idOf('provider', index),
    name: nameFor(CITIES[city]?.[1] ?? null, random),
    role: 'provider',
    created_at: dayOf(random()),
    city,
    trades,
    // Most people are good at what they do; a few are new and have hardly been asked.
    rating: Math.round((5 - 1.7 * random() ** 2.2) * 10) / 10,
    reviews: Math.floor(400 * random() ** 3) + 1,
    price: Math.round(from + (to - from) * random()),
    about: aboutOf(main.about, random),
    simulated: random() < livelinessOf(city, main.slug),
  }
}

/** About one in ten, but most of them where a visitor of the demo looks first. */
function livelinessOf(city: number, mainTrade: string): number {
  if (city === 0) return mainTrade === 'plumber' ? 0.6 : 0.22
  return city < 10 ? 0.09 : 0.05
}

function tradesOf(random: () => number): number[] {
  const wanted = weighted([6, 3, 1], random()) + 1
  const trades = new Set<number>()
  while (trades.size < wanted) trades.add(weighted(TRADE_WEIGHTS, random()))
  return [...trades]
}

function aboutOf(sentences: readonly string[], random: () => number): string {
  const years = String(2 + Math.floor(random() * 28))
  return `${pick(sentences, random()).replace('{years}', years)} ${pick(MANNERS, random())}`.trim()
}

const dayOf = (fraction: number): string => new Date(FIRST_DAY + Math.floor(fraction * DAYS) * DAY_MS).toISOString()

const CITY_WEIGHTS = CITIES.map((_, place) => 1 / (place + 1) ** 0.8)
const TRADE_WEIGHTS = TRADES.map(({ weight }) => weight)

/** The place in `weights` where a fraction of their sum is reached. */
function weighted(weights: readonly number[], fraction: number): number {
  let rest = fraction * weights.reduce((sum, weight) => sum + weight, 0)
  const place = weights.findIndex((weight) => {
    rest -= weight
    return rest < 0
  })
  return place === -1 ? weights.length - 1 : place
}

/** A UUID (version 5 in form) that depends on the name alone. */
function idOf(role: Role, index: number): string {
  const hex = createHash('sha1').update(`porchlight:${role}:${index}`).digest('hex')
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`
}

/** Mulberry32 (public domain, Tommy Ettinger), started from a name: the same numbers for the same name. */
function randomOf(name: string): () => number {
  let state = createHash('sha1').update(name).digest().readUInt32LE(0)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
