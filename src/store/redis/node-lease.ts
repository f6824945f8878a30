import { randomBytes } from 'node:crypto'
import type { StoreState } from '../contract.ts'
import type { Keys } from './keys.ts'
import type { Link } from './link.ts'
import { createListeners } from './listeners.ts'
import { checkNeighbour, SCHEMA_VERSION } from './schema.ts'
import { SCRIPTS } from './scripts.ts'
import type { StoreClock } from './store-clock.ts'

export interface NodeLeaseOptions {
  readonly link: Link
  readonly keys: Keys
  readonly clock: StoreClock
  readonly leaseMs: number
  /** Whether `clock` is moved by a test, so that Redis has to go by it. */
  readonly ownClock: boolean
  /** Has to be done between being back in contact and being believed again. */
  readonly catchUp: () => Promise<void>
}

/** Who lives: see lease.lua and roll-call.lua. Moments are epoch milliseconds of the store's clock. */
export interface RollCall {
  readonly live: ReadonlySet<string>
  /** Nodes that left sessions behind, and when each was last known to live. */
  readonly dead: ReadonlyMap<string, number>
}

export interface NodeLease {
  nodeId(): string
  isOwnName(nodeId: string): boolean
  take(): Promise<void>
  renew(): Promise<boolean>
  giveUp(): Promise<void>
  /** Null while this node was in contact for so short that others may not have had the time to renew theirs. */
  rollCall(): Promise<RollCall | null>
  /** Somebody without a lease has sessions: should they never turn up, they died now. */
  suspect(nodeId: string): Promise<void>
  /** Nothing is left of a dead node. */
  forget(nodeId: string): Promise<void>
  state(): StoreState
  onState(listener: (state: StoreState) => void): () => void
}

// Twelve characters: they stand in every session, and never again name another node.
const newName = (): string => randomBytes(9).toString('base64url')

/** The lease of this node, and what it tells about being in contact with the store. */
export function createNodeLease(options: NodeLeaseOptions): NodeLease {
  const { link, keys, clock, leaseMs, ownClock, catchUp } = options
  const names = new Set<string>()
  const states = createListeners<StoreState>()
  let name = newName()
  let state: StoreState = { state: 'live', since: Date.now() }
  // Moments of the clock that nobody sets.
  let answeredAt = clock.monotonic()
  let inContactSince = Number.POSITIVE_INFINITY
  names.add(name)

  async function ask(nodeId: string, what: 'take' | 'renew'): Promise<boolean> {
    const sentAt = clock.monotonic()
    const now = ownClock ? String(clock.now()) : ''
    try {
      const args = [nodeId, what, String(leaseMs), String(SCHEMA_VERSION), now]
      const [held, time] = (await link.run(SCRIPTS.lease, [keys.leases], args)) as [number, string]
      answeredAt = clock.monotonic()
      inContactSince = Math.min(inContactSince, answeredAt)
      clock.learn(Number(time), sentAt, answeredAt)
      return held === 1
    } catch (error) {
      inContactSince = Number.POSITIVE_INFINITY
      // Half a lease: before others may believe that this node is gone, and longer than a hiccup.
      if (clock.monotonic() - answeredAt > leaseMs / 2) become('lost')
      throw error
    }
  }

  function become(next: StoreState['state']): void {
    if (state.state === next) return
    state = { state: next, since: Date.now() }
    states.tell(state)
  }

  async function comeBack(): Promise<void> {
    if (state.state === 'live') return
    await catchUp()
    become('live')
  }

  async function take(): Promise<void> {
    const leases = (await link.send(keys.leases, 'HVALS', keys.leases)) as string[]
    for (const lease of leases) checkNeighbour(Number(lease.split(' ', 1)[0]))
    name = newName()
    names.add(name)
    await ask(name, 'take')
  }

  return {
    nodeId: () => name,
    isOwnName: (nodeId) => names.has(nodeId),
    take: async () => {
      await take()
      await comeBack()
    },
    renew: async () => {
      const held = await ask(name, 'renew')
      if (held) await comeBack()
      return held
    },
    giveUp: async () => void (await link.send(keys.leases, 'HDEL', keys.leases, name)),
    rollCall: async () => {
      if (clock.monotonic() - inContactSince < leaseMs) return null
      const reply = await link.run(SCRIPTS.rollCall, [keys.leases, keys.graves], [String(clock.now())])
      const [live, graves] = reply as [string[], string[]]
      const dead = new Map<string, number>()
      for (let i = 0; i < graves.length; i += 2) dead.set(graves[i] ?? '', Number(graves[i + 1]))
      return { live: new Set(live), dead }
    },
    suspect: async (nodeId) => void (await link.send(keys.graves, 'HSETNX', keys.graves, nodeId, String(clock.now()))),
    forget: async (nodeId) => void (await link.send(keys.graves, 'HDEL', keys.graves, nodeId)),
    state: () => state,
    onState: states.add,
  }
}
