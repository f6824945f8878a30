import type { Bench } from './bench.ts'
import { b1, b2 } from './work/fan-out.ts'

/** Every bench, in the order in which they run. */
export const BENCHES: readonly Bench[] = [b1, b2]
