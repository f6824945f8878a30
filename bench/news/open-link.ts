import { createLink, type Link } from '../../src/store/redis/link.ts'

const NEVER_BROKEN = 1_000_000
/** A machine that is busy with others must not look like a Redis that is away. */
const PATIENCE_MS = 10_000

/** The way to Redis that Porchlight takes itself. */
export async function openLink(urls: readonly string[]): Promise<Link> {
  const link = createLink({
    source: urls.length === 1 ? (urls[0] ?? '') : urls,
    timeoutMs: PATIENCE_MS,
    breakerFailures: NEVER_BROKEN,
    breakerCooldownMs: 1,
    onError: (error) => {
      throw error
    },
  })
  await link.connect()
  return link
}
