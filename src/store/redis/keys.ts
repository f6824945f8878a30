/** How many parts the users are spread over. Fixed: another number would look for everybody in the wrong place. */
export const BUCKETS = 256

/** All buckets, by number. */
export const BUCKET_NUMBERS: readonly number[] = Array.from({ length: BUCKETS }, (_, bucket) => bucket)

/**
 * The bucket of a user, from 0: FNV-1a over the UTF-16 units of the id, folded to eight bits.
 * http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function bucketOf(userId: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < userId.length; i += 1) hash = Math.imul(hash ^ userId.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 8) ^ (hash >>> 16) ^ (hash >>> 24)) & (BUCKETS - 1)
}

/** Names of all keys. What is in braces decides the slot in a cluster, so everything of one bucket is in one place. */
export function createKeys(prefix: string) {
  const of = (bucket: number, name: string): string => `${prefix}:{b${bucket}}:${name}`
  const shared = (name: string): string => `${prefix}:{nodes}:${name}`
  return {
    record: (userId: string) => of(bucketOf(userId), `u:${userId}`),
    due: (bucket: number) => of(bucket, 'due'),
    dirty: (bucket: number) => of(bucket, 'dirty'),
    members: (bucket: number) => of(bucket, 'members'),
    meta: (bucket: number) => of(bucket, 'meta'),
    log: (bucket: number) => of(bucket, 'log'),
    news: (bucket: number) => of(bucket, 'news'),
    quota: (bucket: number, name: string, digest: string) => of(bucket, `q:${name}:${digest}`),
    leases: shared('leases'),
    graves: shared('graves'),
    report: (nodeId: string) => shared(`report:${nodeId}`),
    relisted: shared('relisted'),
    claim: (task: string) => shared(`claims:${task}`),
  }
}
export type Keys = ReturnType<typeof createKeys>

/** Things by bucket, in the order in which they came. */
export function byBucket<Thing>(things: Iterable<Thing>, userIdOf: (thing: Thing) => string): Map<number, Thing[]> {
  const groups = new Map<number, Thing[]>()
  for (const thing of things) {
    const bucket = bucketOf(userIdOf(thing))
    const group = groups.get(bucket)
    if (group) group.push(thing)
    else groups.set(bucket, [thing])
  }
  return groups
}
