import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Sample } from '../bench.ts'
import { personIds } from '../people.ts'
import type { MemoryReport } from '../processes/verbs.ts'
import type { BenchServer, ServerKind, World } from '../world.ts'

const AT_ONCE = 20
/** After it everything about the arrivals is written and let go. */
const SETTLED_AFTER_MS = 3_000

/** How many stay, and how many more after them. Both ends of a connection need a file, in processes that may open 20,000. */
const crowd = ({ quick, full }: World): readonly [first: number, further: number] =>
  quick ? [500, 500] : [5_000, full ? 10_000 : 5_000]

const idle =
  (kind: ServerKind) =>
  (world: World): Promise<Sample> =>
    world.withServer(kind, async (server, load) => {
      const { port, wire } = server
      const connect = (users: readonly string[]) =>
        load.call('connect', { port, wire, secret: world.secret, users, watchable: [], watches: [[]], atOnce: AT_ONCE })
      const [first, further] = crowd(world)
      const empty = await settled(server)
      await connect(personIds('client', first))
      const some = await settled(server)
      await connect(personIds('client', further, first))
      const many = await settled(server)
      const open = await server.call('connections')
      if (open !== first + further) throw new Error(`${open} connections stand, not ${first + further}`)
      return {
        rssKbPerConnection: (some.rssKb - empty.rssKb) / first,
        // What starting left behind in the heap is taken by the first connections; these had to ask for their own.
        rssKbPerFurther: (many.rssKb - some.rssKb) / further,
        heapKbPerConnection: (many.heapKb - empty.heapKb) / (first + further),
        emptyRssKb: empty.rssKb,
        connections: open,
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
    { name: 'the same per further connection', of: 'rssKbPerFurther', as: 'ratio', unit: '×', target: 1, goal: 0.8 },
  ],
}
