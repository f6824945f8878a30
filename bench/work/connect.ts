import type { Bench, Sample } from '../bench.ts'
import type { ServerKind, World } from '../world.ts'
import { arrive, bringHome, warmUp } from './arrive.ts'

/** Two crowds: what a client costs must not depend on how many are there already. */
const crowds = (quick: boolean): readonly [few: number, many: number] => (quick ? [100, 400] : [500, 3_000])

const connect =
  (kind: ServerKind) =>
  (world: World): Promise<Sample> =>
    world.withServer(kind, async (server, load) => {
      const watchable = await bringHome(server, kind)
      const from = await warmUp(server, load, world, watchable)
      const [few, many] = crowds(world.quick)
      const first = await arrive(server, load, world, { from, count: few, watchable })
      const second = await arrive(server, load, world, { from: from + few, count: many, watchable })
      return {
        cpuMsPerClient: second.cpuMs,
        cpuMsFew: first.cpuMs,
        framesFew: first.frames,
        framesMany: second.frames,
        bytesFew: first.bytes,
        bytesMany: second.bytes,
      }
    })

const KB = 1_024

export const b3: Bench = {
  id: 'b3',
  title: 'Connect',
  ours: { name: 'Porchlight', run: connect('porchlight') },
  reference: { name: 'bare Socket.IO', run: connect('bare-socket-io') },
  verdicts: [
    { name: 'server CPU per client', of: 'cpuMsPerClient', as: 'ratio', unit: '×', target: 1.3, goal: 1 },
    { name: 'frames beyond the reference, few clients', of: 'framesFew', as: 'difference', unit: '', target: 2 },
    { name: 'frames beyond the reference, many clients', of: 'framesMany', as: 'difference', unit: '', target: 2 },
    { name: 'bytes beyond the reference, few clients', of: 'bytesFew', as: 'difference', unit: 'B', target: 2 * KB },
    { name: 'bytes beyond the reference, many clients', of: 'bytesMany', as: 'difference', unit: 'B', target: 2 * KB },
  ],
}
