import { QueryTypes, type Sequelize } from 'sequelize'
import type { StatusChange } from '../../src/protocol/index.ts'
import { type Actor, createActor } from './life-actor.ts'
import { pick } from './seed-names.ts'

export interface LifeOptions {
  /** Where the presence service listens. */
  readonly url: string
  readonly sequelize: Sequelize
  readonly signToken: (userId: string) => string | Promise<string>
  /** Most providers who take part. @default 120 */
  readonly count?: number
  /** Gives [0, 1). @default Math.random */
  readonly random?: () => number
  readonly log?: (line: string) => void
}

/** One event of one actor each: quick while the street wakes up, calm afterwards. */
const WAKING_MS = 120
const CALM_MS = 600
/** The share of the actors who are home at a time, more or less. */
const HOME_SHARE = 0.65
/** Trouble is told once in a while, not by each of a hundred actors. */
const TELL_EVERY_MS = 60_000

const BUSY: readonly Omit<StatusChange, 'status'>[] = [
  { message: 'On a roof until three' },
  { message: 'With a customer, back in a moment', expires_in: 300 },
  { message: 'Driving', expires_in: 600 },
  { message: 'In a workshop, only emergencies', expires_in: 1_800 },
  { message: 'Under a sink', expires_in: 240 },
  { message: null },
]

const PAUSE: readonly Omit<StatusChange, 'status'>[] = [
  { message: 'Lunch', expires_in: 900 },
  { message: 'Fetching the children', expires_in: 600 },
  { message: 'At the supplier', expires_in: 420 },
  { message: 'Coffee, then yours', expires_in: 180 },
  { message: null, expires_in: 300 },
]

const HOME: readonly Omit<StatusChange, 'status'>[] = [
  { message: 'Free this afternoon' },
  { message: 'Five minutes away from you' },
  { message: 'Short jobs welcome today', expires_in: 1_200 },
  { message: null },
  { message: null },
]

/** Lets simulated providers come and go until stopped, a few changes a second at most. Trouble never ends it. */
export async function startLife(options: LifeOptions): Promise<{ stop(): Promise<void> }> {
  const { url, sequelize, signToken, count = 120, random = Math.random, log } = options
  const onTrouble = occasionally(TELL_EVERY_MS, (reason) => log?.(`a simulated provider has trouble: ${reason}`))
  const ids = await simulatedProviders(sequelize, count)
  const actors = ids.map((userId) =>
    createActor({ url, userId, deviceType: random() < 0.5 ? 'mobile' : 'web', signToken, onTrouble }),
  )
  log?.(`${actors.length} simulated providers come and go`)

  let waking = true
  let timer: NodeJS.Timeout | undefined
  const next = (): void => {
    timer = setTimeout(
      () => {
        const home = actors.filter((actor) => actor.isHere()).length
        if (home >= actors.length * HOME_SHARE) waking = false
        play(pick(actors, random()), waking, random)
        next()
      },
      (waking ? WAKING_MS : CALM_MS) * (0.5 + random()),
    )
  }
  if (actors.length > 0) next()

  return {
    async stop() {
      clearTimeout(timer)
      for (const actor of actors) actor.leave()
    },
  }
}

/** What an actor does when it is its turn. */
function play(actor: Actor, waking: boolean, random: () => number): void {
  const dice = random()
  if (!actor.isHere()) {
    // With the chances of leaving below, about HOME_SHARE of them are home.
    if (waking || dice < 0.35) actor.arrive()
    return
  }
  if (waking) return
  if (dice < 0.41) actor.act()
  else if (dice < 0.63) actor.choose({ status: 'online', ...pick(HOME, random()) })
  else if (dice < 0.72) actor.choose({ status: 'away', ...pick(PAUSE, random()) })
  else if (dice < 0.81) actor.choose({ status: 'dnd', ...pick(BUSY, random()) })
  else if (dice < 0.94) actor.leave()
  else actor.vanish()
}

async function simulatedProviders(sequelize: Sequelize, count: number): Promise<string[]> {
  const sql = 'select user_id from providers where simulated order by user_id limit $1'
  const rows = await sequelize.query<{ user_id: string }>(sql, {
    bind: [count],
    type: QueryTypes.SELECT,
    logging: false,
  })
  return rows.map(({ user_id }) => user_id)
}

function occasionally(everyMs: number, tell: (reason: string) => void): (reason: string) => void {
  let toldAt = Number.NEGATIVE_INFINITY
  return (reason) => {
    if (performance.now() - toldAt < everyMs) return
    toldAt = performance.now()
    tell(reason)
  }
}
