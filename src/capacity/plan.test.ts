import { describe, expect, test } from 'vitest'
import { type AssumptionName, readAssumptions } from './assumptions.ts'
import { type Figure, planCapacity, type Plan } from './plan.ts'
import { planReport } from './report.ts'
import { COST_NAMES, type CostName, type MeasuredCosts, parseCosts, SCALE_NAMES } from './unit-costs.ts'

type Given = Partial<Record<AssumptionName, string>>

/** Everything costs nothing, and was measured on a system without limits. */
const FREE = measured({})

describe('assumptions', () => {
  test('have defaults, and take the words of a command line', () => {
    expect(readAssumptions({ users: '5000000' })).toMatchObject({ users: 5_000_000, peakOnline: 0.05, watch: 20 })
    expect(readAssumptions({ users: '5,000,000', peakOnline: '7.5%', devices: '1.5' })).toMatchObject({
      users: 5_000_000,
      peakOnline: 0.075,
      devices: 1.5,
    })
  })

  test.each<[Given, string]>([
    [{}, '--users: how many?'],
    [{ users: '1e6' }, '--users: is "1e6", needs a number such as 20'],
    [{ users: '-5' }, '--users: is "-5", needs a number such as 20'],
    [{ users: '1.5' }, '--users: is 1.5, needs a whole number'],
    [{ users: '0' }, '--users: is 0, needs 1 to 10,000,000,000'],
    [{ users: '10', peakOnline: '0.05' }, '--peak-online: is "0.05", needs a share such as 5%'],
    [{ users: '10', peakOnline: '101%' }, '--peak-online: is 101%, needs 0.0001% to 100%'],
    [{ users: '10', watch: '20%' }, '--watch: is "20%", needs a number such as 20'],
    [{ users: '10', nodeCores: '2.5' }, '--node-cores: is 2.5, needs a whole number'],
  ])('R52 that cannot be used are refused: %j', (given, sentence) => {
    expect(() => readAssumptions(given)).toThrow(expect.objectContaining({ code: 'INVALID_OPTION' }))
    expect(() => readAssumptions(given)).toThrow(sentence)
  })

  test('R52 all that is wrong is said at once', () => {
    expect(() => readAssumptions({ users: 'x', load: 'y' })).toThrow(/--users.*\n.*--load/)
  })
})

describe('unit costs', () => {
  const whole = JSON.stringify(FREE)

  test('are read as they were written', () => {
    expect(parseCosts(whole, 'costs.json')).toEqual(FREE)
  })

  test.each([
    ['no JSON', '{', /costs\.json is no JSON/],
    ['nothing', 'null', /does not say circumstances, quick, nodeBaseMb/],
    ['a cost that is no number', whole.replace(/"newsUs":0/, '"newsUs":"0"'), /does not say newsUs\./],
    ['a cost below zero', whole.replace(/"newsUs":0/, '"newsUs":-1'), /does not say newsUs\./],
    ['a scale that is missing', whole.replace(/"storedUsers":[^,]+,/, ''), /does not say storedUsers\./],
  ])('R52 that say %s are refused with the command that measures them', (_name, text, sentence) => {
    expect(() => parseCosts(text, 'costs.json')).toThrow(sentence)
    expect(() => parseCosts(text, 'costs.json')).toThrow('npm run bench -- costs')
  })
})

describe('what happens', () => {
  test('follows from the assumptions', () => {
    const { demand } = plan({ users: '720000', peakOnline: '10%', devices: '2', transitionsPerUserHour: '5' })
    expect(demand).toMatchObject({ present: 72_000, connections: 144_000, transitions: 100, heartbeats: 14_400 })
    // 144,000 connections with 20 watched, half of them present, each with 5 transitions an hour.
    expect(demand.deliveries).toBeCloseTo(2_000)
  })

  test('R22 no more activities are written than twelve a user and hour', () => {
    const rows = (activitiesPerUserHour: string) => plan({ users: '72000', activitiesPerUserHour }).demand.activityRows
    expect([rows('6'), rows('12'), rows('700')]).toEqual([6, 12, 12])
  })

  test('whoever arrives, and the absent whom they watch, may have to be read', () => {
    const loads = (watch: string, watchedPresent: string) =>
      plan({ users: '900000', connectsPerUserHour: '36', watch, watchedPresent }).demand.loads
    // 450 arrive each second.
    expect([loads('0', '50%'), loads('20', '100%'), loads('20', '50%')]).toEqual([450, 450, 4_950])
  })

  test('whoever left is kept for a while, and nobody twice', () => {
    const { demand } = plan({ users: '720000', peakOnline: '10%', transitionsPerUserHour: '5' })
    expect(demand.resting).toBe(45_000)
    expect(plan({ users: '1000', peakOnline: '90%', transitionsPerUserHour: '60' }).demand.resting).toBe(100)
  })
})

describe('nodes', () => {
  // 72,000 present users with 2 connections and one heartbeat in 10 s each: 14,400 heartbeats a second.
  const busy = { users: '720000', peakOnline: '10%', devices: '2', nodeConnections: '1000000', spare: '0' }

  test('are as many as the CPU needs at the assumed load', () => {
    const costs = { idleUs: 100 }
    expect(valueOf(plan({ ...busy, load: '100%' }, costs), 'nodes that the work needs')).toBe(2)
    expect(valueOf(plan({ ...busy, load: '36%' }, costs), 'nodes that the work needs')).toBe(4)
    expect(valueOf(plan({ ...busy, load: '36%' }, { ...costs, nodeIdleMs: 72 }), 'nodes that the work needs')).toBe(5)
  })

  test('are as many as connections and memory need', () => {
    expect(valueOf(plan({ ...busy, nodeConnections: '15000' }), 'nodes that the work needs')).toBe(10)
    const costs = { connectionKb: 16, nodeBaseMb: 128 }
    expect(valueOf(plan({ ...busy, nodeMemoryGb: '1' }, costs), 'nodes that the work needs')).toBe(3)
  })

  test('stand on machines, some of which may be missing', () => {
    const machines = (spare: string) =>
      valueOf(plan({ ...busy, nodeConnections: '15000', nodeCores: '4', spare }), 'machines of 4 nodes')
    expect([machines('0'), machines('1'), machines('2')]).toEqual([3, 4, 5])
  })

  test('hear of every change: where that takes all they may use, no number of them is enough', () => {
    const costs = { newsUs: 50, transitionUs: 100 }
    const changes = (transitionsPerUserHour: string) => plan({ ...busy, transitionsPerUserHour }, costs)
    // 2,000 changes a second: 100 ms of hearing leave 400 for work of 200.
    expect(valueOf(changes('100'), 'nodes that the work needs')).toBe(1)
    // 9,000: 450 leave 50 for 900.
    expect(valueOf(changes('450'), 'nodes that the work needs')).toBe(18)
    expect(changes('100').mostChangesPerSecond).toBeCloseTo(10_000)
    expect(() => changes('500')).toThrow(/every node hears of every change.*More nodes do not help/)
  })
})

describe('Redis', () => {
  const many = { users: '1000000', peakOnline: '100%', spare: '0', nodeConnections: '1000000' }

  test('is one server as long as it fits, then a cluster of three or more, by its fullest shard', () => {
    const shards = (redisPresentBytes: number) =>
      valueOf(plan({ ...many, shardMemoryGb: '1' }, { redisPresentBytes }), 'shards')
    expect([shards(900), shards(1_100), shards(2_900)]).toEqual([1, 3, 4])
  })

  test('has to tell every node: its work grows with nodes times changes', () => {
    const costs = { redisNewsUs: 10 }
    const cpu = (nodeConnections: string) =>
      valueOf(plan({ ...many, transitionsPerUserHour: '3.6', devices: '1', nodeConnections }, costs), 'CPU of the full')
    // 1,000 changes a second, of which one node hears nothing new and eleven nodes hear ten times.
    expect([cpu('1000000'), cpu('100000')].map((percent) => percent && Math.round(percent))).toEqual([0, 9])
  })

  test('is asked for those whom it has not got', () => {
    const given = { users: '900000', connectsPerUserHour: '36', watch: '0' }
    // 450 arrive each second.
    expect(valueOf(plan(given, { redisColdUs: 100 }), 'CPU of the full')).toBeCloseTo(4.5)
  })

  test('ends where there are no more buckets', () => {
    expect(() => plan(many, { redisPresentBytes: 1e9 })).toThrow(/more than the 256 shards/)
  })
})

describe('PostgreSQL', () => {
  test('pays for statements by the number of nodes, and for rows by their number', () => {
    const given = {
      users: '72000',
      connectsPerUserHour: '0',
      activitiesPerUserHour: '0',
      transitionsPerUserHour: '100',
    }
    const cpu = (costs: Partial<Record<CostName, number>>) => valueOf(plan(given, costs), 'CPU, reads of cold')
    // 100 rows a second by two nodes that write twice a second each.
    expect([cpu({ projectRowUs: 1_000 }), cpu({ projectStatementUs: 1_000 })].map(Math.round as never)).toEqual([10, 0])
    expect(cpu({ projectStatementUs: 10_000 })).toBeCloseTo(4)
  })

  test('keeps sessions for as long as was said', () => {
    const given = { users: '72000', connectsPerUserHour: '10', busyHours: '10', sessionDays: '30' }
    // 3,600 present users, 36,000 connections an hour, ten such hours on each of thirty days.
    expect(valueOf(plan(given, { sessionRowBytes: 1_000 }), 'user_sessions on disk')).toBeCloseTo(10.8)
  })
})

describe('how far a figure is from what was measured', () => {
  const basis = (storedUsers: number) => {
    const { figures } = planCapacity(readAssumptions({ users: '1000' }), measured({}, { storedUsers }))
    return figures.find(({ name }) => name === 'porchlight_presence on disk')
  }

  test.each([
    [1_000, 'measured', 0],
    [999, 'extrapolated', 0],
    [10, 'extrapolated', 0],
    [9, 'refused', null],
  ])('1,000 users, measured with %i: %s', (storedUsers, expected, value) => {
    expect(basis(storedUsers)).toMatchObject({ basis: expected, value, of: 'storedUsers' })
  })

  test('is on every line of the report, beside all that was assumed', () => {
    const assumed = readAssumptions({ users: '1000' })
    const costs = measured({ newsUs: 50 }, { storedUsers: 9, nodes: 1, connections: 10 })
    const text = planReport(planCapacity(assumed, costs), assumed, costs)
    expect(text).toMatch(/--peak-online 5% {2,}share of them who are present/)
    expect(text).toMatch(/present users +50 +follows from the assumptions/)
    expect(text).toMatch(/nodes that the work needs +1 +extrapolated, 6 × what was measured \(connections of a node\)/)
    expect(text).toMatch(/on disk +not told +would be 111 × what was measured \(users in PostgreSQL\), beyond 100 ×/)
    expect(text).toMatch(/at 10,000 changes a second/)
    expect(text).toMatch(/took 0\.9 × what they add up to on a node, 1\.1 × in Redis/)
  })
})

function plan(given: Given, costs: Partial<Record<CostName, number>> = {}): Plan {
  return planCapacity(readAssumptions(given), measured(costs))
}

const valueOf = ({ figures }: Plan, name: string): Figure['value'] | undefined =>
  figures.find((figure) => figure.name.startsWith(name))?.value

function measured(
  costs: Partial<Record<CostName, number>>,
  scales: Partial<MeasuredCosts['scales']> = {},
): MeasuredCosts {
  const each = <Name extends string>(names: readonly Name[], value: number) =>
    Object.fromEntries(names.map((name) => [name, value])) as Record<Name, number>
  return {
    costs: { ...each(COST_NAMES, 0), ...costs },
    scales: { ...each(SCALE_NAMES, 1e12), ...scales },
    check: { nodeMeasuredMs: 90, nodeExpectedMs: 100, redisMeasuredMs: 11, redisExpectedMs: 10 },
    circumstances: 'in a test',
    quick: false,
  }
}
