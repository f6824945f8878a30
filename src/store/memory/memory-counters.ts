import { RateLimiterMemory } from 'rate-limiter-flexible'
import type { Counters, Quota } from '../../domain/quota.ts'
import { countersOf, limitsOf } from '../flexible-counters.ts'

/** Counts in this process alone. */
export const createMemoryCounters = (): Counters => countersOf((quota: Quota) => new RateLimiterMemory(limitsOf(quota)))
