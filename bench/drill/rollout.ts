import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadVerbs } from '../load/verbs.ts'
import { type Process, startProcess } from '../processes/start-process.ts'
import { membersIn, type Rule, writeFlags } from './flags.ts'
import { idsFrom, STAFF } from './host-database.ts'
import type { NodeVerbs } from './node-verbs.ts'

export interface DrillNode extends Process<NodeVerbs> {
  readonly port: number
}

/** What followed from one change of the flags. */
export interface Stage {
  readonly what: string
  /** From the change of the file until every node decided by it, about everybody with a connection. */
  readonly nodesMs: number
  /** From then until every watcher had been told; null: nobody who may watch was there yet. */
  readonly watchersMs: number | null
  readonly connected: number
  /** Of those, who is there for all watchers alike. */
  readonly present: number
  /** Who had presence before the change and has it no more, and how often watchers were told that somebody is gone. */
  readonly lost: number
  readonly toldGone: number
}

export interface Rollout {
  readonly watchers: number
  /** Changes the flags, lets some more people connect meanwhile, and waits until all that follows is there. */
  change(what: string, rule: Rule): Promise<Stage>
  /** Whether any connection ended that nobody here ended. */
  lostConnections(): Promise<number>
  end(): Promise<void>
}

/** Members with a connection from the start, and those who come during each of the changes. */
const EARLY = 800
const LATE = 50
const CHANGES = 4
/** Everybody who is watched. */
export const PEOPLE: readonly string[] = idsFrom(STAFF + 1, EARLY + CHANGES * LATE)
const WATCHERS_PER_NODE = 2
const SIGNS_OF_USE_PER_SECOND = 50
const LOOK_EVERY_MS = 20
const GIVE_UP_MS = 300_000

/** Connects people to nodes for whom presence is off as yet, and keeps them busy. */
export async function startRollout(nodes: readonly DrillNode[], secret: string, flags: string): Promise<Rollout> {
  const startLoad = () => startProcess<LoadVerbs>(new URL('../load/load.ts', import.meta.url))
  const people = await startLoad()
  const watching = await Promise.all(nodes.map(startLoad))
  const wire = { wire: 'socket.io', secret, atOnce: 20 } as const
  let connected = 0
  let watched = false
  let had: readonly string[] = []

  /** A part of them to each node. */
  async function connect(count: number): Promise<void> {
    const next = PEOPLE.slice(connected, connected + count)
    connected += next.length
    const plans = nodes.map(({ port }, node) => {
      const users = next.filter((_id, n) => n % nodes.length === node)
      return { ...wire, port, users, watches: [[]], watchable: [] }
    })
    await Promise.all(plans.map((plan) => people.call('connect', plan)))
  }

  async function watch(): Promise<void> {
    watched = true
    const staff = idsFrom(1, STAFF)
    const all = PEOPLE.map((_id, position) => position)
    const plans = nodes.map(({ port }, node) => {
      const users = staff.slice(node * WATCHERS_PER_NODE, (node + 1) * WATCHERS_PER_NODE)
      return { ...wire, port, users, watches: [all], watchable: PEOPLE, remember: true }
    })
    await Promise.all(watching.map((load, node) => load.call('connect', plans[node] as (typeof plans)[number])))
  }

  const heard = async () => (await Promise.all(watching.map((load) => load.call('heardPresent')))).flat()
  const allHear = async (expected: readonly string[], among: ReadonlySet<string>) =>
    (await heard()).every((present) =>
      isSame(
        present.filter((id) => among.has(id)),
        expected,
      ),
    )
  const allDecide = async (expected: readonly string[], among: readonly string[]) =>
    (await Promise.all(nodes.map((node) => node.call('whoIsOn', among)))).every((on) => isSame(on, expected))

  await connect(EARLY)
  const use = { goesOn: true }
  const busy = (async () => {
    while (use.goesOn) await people.call('ping', SIGNS_OF_USE_PER_SECOND, 1_000)
  })()

  return {
    watchers: nodes.length * WATCHERS_PER_NODE,
    async change(what, rule) {
      await Promise.all(watching.map((load) => load.call('reset')))
      const early = PEOPLE.slice(0, connected)
      const since = performance.now()
      await writeFlags(flags, rule)
      const coming = connect(LATE)
      const known = PEOPLE.slice(0, connected)
      const expected = await membersIn(flags, known)
      const isEarly = new Set(early)
      const expectedEarly = expected.filter((id) => isEarly.has(id))
      const told = async () => {
        await until(() => allHear(expectedEarly, isEarly), `watchers were told: ${what}`)
        return performance.now() - since
      }
      const decided = async () => {
        const staff = rule === 'off' ? [] : idsFrom(1, STAFF)
        await until(() => allDecide([...staff, ...expected], [...idsFrom(1, STAFF), ...known]), `nodes decide: ${what}`)
        return performance.now() - since
      }
      const [nodesMs, watchersMs] = await Promise.all([decided(), watched ? told() : null, coming])
      if (!watched && rule !== 'off') await watch()
      await until(() => allHear(expected, new Set(known)), `watchers know of those who came meanwhile: ${what}`)
      const isOn = new Set(expected)
      const lost = had.filter((id) => !isOn.has(id)).length
      had = expected
      const tallies = await Promise.all(watching.map((load) => load.call('tally')))
      const toldGone = tallies.reduce((sum, { gone }) => sum + gone, 0)
      return { what, nodesMs, watchersMs, connected, present: expected.length, lost, toldGone }
    },
    async lostConnections() {
      const tallies = await Promise.all([people, ...watching].map((load) => load.call('tally')))
      return tallies.reduce((sum, { lost }) => sum + lost, 0)
    },
    async end() {
      use.goesOn = false
      await busy
      await Promise.all([people, ...watching].map((load) => load.end()))
    },
  }
}

const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && new Set([...some, ...others]).size === others.length

/** @throws Error when it takes minutes: then something is wrong */
export async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const since = performance.now()
  while (!(await holds())) {
    if (performance.now() - since > GIVE_UP_MS) throw new Error(`Waited for minutes until ${what}`)
    await sleep(LOOK_EVERY_MS)
  }
}
