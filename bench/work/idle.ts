import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Sample } from '../bench.ts'
import { personIds } from '../people.ts'
import type { MemoryReport } from '../processes/verbs.ts'
import type { BenchServer, ServerKind, World } from '../world.ts'

const AT_ONCE = 20
/** After it everything about the arrivals is written and let go. */
const SETTLED_AFTER_MS = 3_000
/** The first of them bring code and heap to their size; what further ones cost is measured as well. */
const FIRST = { quick: 100, usual: 1_000 }

/** How many stay. Both ends of a connection need a file, in processes that may open 20,000 each. */
const crowd = ({ quick, full }: World): number => (quick ? 500 : full ? 15_000 : 5_000)

const idle =
  (kind: ServerKind) =>
  (world: World): Promise<Sample> =>
    world.withServer(kind, async (server, load) => {
      const { port, wire } = server
      const connect = (users: readonly string[]) =>
        load.call('connect', { port, wire, secret: world.secret, users, watchable: [], watches: [[]], atOnce: AT_ONCE })
      const count = crowd(world)
      const first = world.quick ? FIRST.quick : FIRST.usual
      const empty = await settled(server)
      await connect(personIds('client', first))
      const some = await settled(server)
      await connect(personIds('client', count - first, first))
      const full = await settled(server)
      const open = await server.call('connections')
      if (open !== count) throw new Error(`${open} connections stand, not ${count}`)
      return {
        rssKbPerConnection: (full.rssKb - empty.rssKb) / count,
        rssKbPerFurtherConnection: (full.rssKb - some.rssKb) / (count - first),
        heapKbPerConnection: (full.heapKb - empty.heapKb) / count,
        emptyRssKb: empty.rssKb,
        connections: count,
      }
    })

/** The smallest of several looks: collectors give memory back a little later. */
async function settled(server: BenchServer): Promise<MemoryReport> {
  await sleep(SETTLED_AFTER_MS)
  let least = await server.memory()
  for (let look = 0; look < 5; look++) {
    await sleep(300)
    const next = await server.memory()
    if (next.rssKb < least.rssKb) least = next
  }
  return least
}

export const b4: Bench = {
  id: 'b4',
  title: 'Idle connection',
  ours: { name: 'Porchlight', run: idle('porchlight') },
  reference: { name: 'bare Socket.IO, its request dropped', run: idle('bare-socket-io') },
  verdicts: [
    { name: 'resident memory per connection', of: 'rssKbPerConnection', as: 'ratio', unit: '×', target: 1, goal: 0.8 },
  ],
}
