import type { Bench } from './bench.ts'
import { abuse } from './work/abuse.ts'
import { b5 } from './work/activity.ts'
import { b3 } from './work/connect.ts'
import { b1, b2 } from './work/fan-out.ts'
import { b10 } from './work/across-nodes.ts'
import { b4 } from './work/idle.ts'
import { b6 } from './work/marketplace.ts'
import { b8 } from './work/projection.ts'
import { b7 } from './work/search.ts'
import { b11 } from './work/storm.ts'
import { b12 } from './work/watched-search.ts'
import { b9 } from './work/vanish.ts'

/** Every bench, in the order in which they run. Each has one file in `work/`. */
export const BENCHES: readonly Bench[] = [b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, abuse]
