import { inject } from 'vitest'

/** What `describe.each` runs over: one Redis, and a cluster of them. */
export const STORES = [
  { store: 'one Redis', redisUrl: () => inject('redisUrl') },
  { store: 'Redis Cluster', redisUrl: () => inject('redisClusterUrl') },
] as const
