import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PresenceUpdate } from '../protocol/events.ts'
import { type Coalescer, createCoalescer, type Receiver } from './coalescer.ts'
import type { Engine } from './engine.ts'
import { type Update, wordUpdate } from './update.ts'

const MERGE_MS = 10
const MAX_QUEUED = 5

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('delivery', () => {
  test('R42 tells a calm connection at once, and gathers what follows closely into one frame', () => {
    const { coalescer, receiver, heard } = stage()
    coalescer.offer([receiver], update('ben', 1), false)
    expect(heard()).toEqual([['presenceDiff', ['ben 1']]])
    coalescer.offer([receiver], update('carla', 1), false)
    coalescer.offer([receiver], update('dora', 1), false)
    expect(heard()).toEqual([])
    vi.advanceTimersByTime(MERGE_MS)
    expect(heard()).toEqual([['presenceDiff', ['carla 1', 'dora 1']]])
    vi.advanceTimersByTime(MERGE_MS)
    coalescer.offer([receiver], update('emil', 1), false)
    expect(heard()).toEqual([['presenceDiff', ['emil 1']]])
  })

  test('R42 leaves out what was superseded while it waited', () => {
    const { coalescer, receiver, heard } = stage()
    coalescer.offer([receiver], update('carla', 1), false)
    const older = update('ben', 1)
    coalescer.offer([receiver], older, false)
    older.superseded = true
    coalescer.offer([receiver], update('ben', 2), false)
    vi.advanceTimersByTime(MERGE_MS)
    expect(heard()).toEqual([
      ['presenceDiff', ['carla 1']],
      ['presenceDiff', ['ben 2']],
    ])
  })

  test('R32 writes a retraction at once, with all that was said before it', () => {
    const { coalescer, receiver, heard } = stage()
    coalescer.offer([receiver], update('carla', 1), false)
    coalescer.offer([receiver], update('dora', 1), false)
    coalescer.offer([receiver], update('ben', 2), true)
    expect(heard().at(-1)).toEqual(['presenceDiff', ['dora 1', 'ben 2']])
  })

  test('R42 encodes once what many are told alike', () => {
    const { coalescer, receiver, encoded } = stage()
    const others = Array.from({ length: 50 }, () => stage().receiver)
    for (const name of ['ben', 'carla', 'dora']) coalescer.offer([receiver, ...others], update(name, 1), false)
    vi.advanceTimersByTime(MERGE_MS)
    // One frame of the first, and one of the two that waited.
    expect(encoded()).toBe(2)
  })

  test('R43 keeps what a slow network does not take, and tells it when it does', () => {
    const { coalescer, receiver, network, heard } = stage()
    network.block()
    coalescer.offer([receiver], update('ben', 1), false)
    coalescer.offer([receiver], update('carla', 1), false)
    vi.advanceTimersByTime(MERGE_MS)
    expect(heard()).toEqual([['presenceDiff', ['ben 1']]])
    vi.advanceTimersByTime(60_000)
    expect(heard()).toEqual([])
    network.drain()
    expect(heard()).toEqual([['presenceDiff', ['carla 1']]])
  })

  test.each(['diff', 'events'] as const)('R43 asks a watcher of %s that takes too little to read anew', (format) => {
    const { coalescer, receiver, network, heard } = stage(format)
    network.block()
    for (let version = 1; version <= 100; version += 1) {
      coalescer.offer([receiver], update('ben', version), false)
      vi.advanceTimersByTime(MERGE_MS)
      expect(receiver.held.length + receiver.engine.writeBuffer.length).toBeLessThanOrEqual(2 * MAX_QUEUED)
    }
    heard()
    network.drain()
    expect(heard()).toEqual([['resync', []]])
    vi.advanceTimersByTime(MERGE_MS)
    coalescer.offer([receiver], update('ben', 101), false)
    expect(heard()[0]).toEqual([format === 'diff' ? 'presenceDiff' : 'presenceUpdate', ['ben 101']])
  })

  test.each(['diff', 'events'] as const)('R43 lets few news of topics wait for a watcher of %s', (format) => {
    const { coalescer, receiver, network, heard } = stage(format)
    const frame = { packets: [{ data: ['providersDiff', []], options: { compress: false } }], whole: null } as const
    for (let i = 0; i < 100; i += 1) expect(coalescer.tell([receiver], frame)).toBe(1)
    expect(heard()).toHaveLength(100)
    network.block()
    const told = Array.from({ length: 100 }, () => coalescer.tell([receiver], frame))
    expect(told.filter(Boolean).length).toBeLessThan(40)
    expect(receiver.engine.writeBuffer).toHaveLength(told.filter(Boolean).length)
    heard()
    network.drain()
    expect(heard()).toEqual([['resync', []]])
    expect(coalescer.tell([receiver], frame)).toBe(1)
    expect(heard()).toEqual([['providersDiff', []]])
  })

  test('R43 never takes a burst within one tick for a slow network', () => {
    const { coalescer, receiver, heard } = stage()
    const names = Array.from({ length: 40 }, (_, index) => `user ${index}`)
    for (const name of names) coalescer.offer([receiver], update(name, 1), false)
    vi.advanceTimersByTime(MERGE_MS)
    expect(heard().flatMap(([, said]) => said)).toEqual(names.map((name) => `${name} 1`))
  })

  test('R42 R43 whatever happens, each connection ends with the newest of each user, or is told to read anew', () => {
    const users = ['ben', 'carla', 'dora'] as const
    const happening = fc.oneof(
      { weight: 6, arbitrary: fc.record({ type: fc.constant('change' as const), user: fc.constantFrom(...users) }) },
      { weight: 2, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 25 }) }) },
      {
        weight: 1,
        arbitrary: fc.record({ type: fc.constant('block' as const), which: fc.integer({ min: 0, max: 2 }) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ type: fc.constant('drain' as const), which: fc.integer({ min: 0, max: 2 }) }),
      },
    )
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 80 }), (story) => {
        const stages = [stage(), stage(), stage('events')]
        const { coalescer } = stages[0] ?? stage()
        const newest = new Map<string, Update>()
        for (const step of story) {
          if (step.type === 'wait') vi.advanceTimersByTime(step.ms)
          else if (step.type === 'block') stages[step.which]?.network.block()
          else if (step.type === 'drain') stages[step.which]?.network.drain()
          else {
            const before = newest.get(step.user)
            const next = update(step.user, Number(before?.words.version ?? 0) + 1)
            if (before) before.superseded = true
            newest.set(step.user, next)
            coalescer.offer(
              stages.map(({ receiver }) => receiver),
              next,
              false,
            )
          }
        }
        for (const { network } of stages) network.drain()
        vi.advanceTimersByTime(MERGE_MS)
        for (const { network, heard } of stages) {
          network.drain()
          expectTruth(heard(), newest)
        }
      }),
      { numRuns: 300 },
    )
  })
})

type Heard = [event: string, said: string[]][]

/** Versions never go back, and what was said last of each user is the newest, unless a later `resync` makes up for it. */
function expectTruth(heard: Heard, newest: ReadonlyMap<string, Update>): void {
  const told = new Map<string, number>()
  const excused = new Set<string>()
  for (const [event, said] of heard) {
    if (event === 'resync') for (const user of newest.keys()) excused.add(user)
    for (const word of said) {
      const [user = '', version] = word.split(' ')
      expect(Number(version)).toBeGreaterThan(told.get(user) ?? 0)
      told.set(user, Number(version))
      excused.delete(user)
    }
  }
  for (const [user, { words }] of newest) {
    if (!excused.has(user)) expect(told.get(user)).toBe(Number(words.version))
  }
}

function update(userId: string, version: number): Update {
  const view = { status: 'online', lastSeenAt: null, message: null, version } as const
  return wordUpdate(userId, 0, view, { ...view, version: version - 1 })
}

/** A connection over a network that can stop taking, as Engine.IO shows it. */
function stage(format: 'diff' | 'events' = 'diff') {
  const written: Heard = []
  const writeBuffer: unknown[] = []
  let encodings = 0
  let blocked = false
  let drained: (() => void)[] = []
  const engine: Engine = {
    write: (packet) => {
      written.push(packet as Heard[number])
      if (blocked) writeBuffer.push(packet)
    },
    writeBuffer,
    readyState: 'open',
    upgrading: false,
    transport: { name: 'polling', writable: true },
    once: (_drain, listener) => void drained.push(listener),
  }
  const coalescer: Coalescer = createCoalescer({
    encode: (event, ...[payload]) => {
      encodings += 1
      return { packets: [{ data: [event, saidIn(payload)], options: { compress: false } }], whole: null }
    },
    tickMs: () => MERGE_MS,
    maxQueued: MAX_QUEUED,
    clock: () => Date.now(),
    onDelivered: () => {},
  })
  const receiver: Receiver = {
    socketId: 'socket',
    userId: 'ana',
    format,
    engine,
    held: [],
    writtenAt: Number.NEGATIVE_INFINITY,
    state: 'flowing',
    unread: 0,
  }
  return {
    coalescer,
    receiver,
    encoded: () => encodings,
    heard: () => written.splice(0).filter(([event]) => event !== 'userOnline'),
    network: {
      block: () => {
        blocked = true
      },
      drain: () => {
        blocked = false
        if (writeBuffer.splice(0).length > 0) for (const listener of drained.splice(0)) listener()
        drained = []
      },
    },
  }
}

function saidIn(payload: unknown): string[] {
  if (typeof payload !== 'object' || payload === null) return []
  const changed = 'changed' in payload ? (payload.changed as PresenceUpdate[]) : [payload as PresenceUpdate]
  return changed.map(({ userId, version }) => `${userId} ${version}`)
}
