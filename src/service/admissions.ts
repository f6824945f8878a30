import { LRUCache } from 'lru-cache'
import { type Access, admit, mergeAccess, OPEN_ACCESS } from '../domain/access.ts'
import { PresenceError } from '../domain/errors.ts'
import type { ServiceDeps } from './deps.ts'
import { inTime, WAITS_MS } from './in-time.ts'

/** Who was let in lately: the word that was found about them, or null for nobody there. */
export interface Admissions {
  find(userId: string): { readonly access: Access | null; readonly at: number } | undefined
  /** @param since what `mark` said before it was read: what was heard of meanwhile is newer */
  keep(userId: string, access: Access | null, since: number): void
  mark(): number
  /** Something was said about them. */
  forget(userId: string): void
}

/** Milliseconds for which a word is believed without a look: well within the two seconds of R61. */
const BELIEVED_MS = 1_000
/** Milliseconds for which the last word holds while neither store can be asked, provided that nothing else was heard. */
const LAST_WORD_MS = 300_000
/** Milliseconds that somebody of whom only PostgreSQL may know waits for it: a handshake that takes longer ends without a word. */
const NEWCOMER_WAITS_MS = 5_000
/** Users remembered, about 100 bytes each. */
const REMEMBERED = 50_000

export function createAdmissions(): Admissions {
  const words = new LRUCache<string, { access: Access | null; at: number }>({ max: REMEMBERED })
  let forgotten = 0
  return {
    find: (userId) => words.get(userId),
    mark: () => forgotten,
    keep: (userId, access, since) => {
      if (since === forgotten) words.set(userId, { access, at: performance.now() })
    },
    forget: (userId) => {
      forgotten += 1
      words.delete(userId)
    },
  }
}

/** See {@link PresenceVerbs.admit}. When nobody can say whether somebody may be here, they may not (R61). */
export async function admitUser(deps: ServiceDeps, userId: string, issuedAt: number | null | undefined): Promise<void> {
  const access = await accessOf(deps, userId)
  if (access === null || access.bar === 'USER_DELETED') {
    throw new PresenceError('UNAUTHENTICATED', 'The token names a user who is not there any more.')
  }
  admit(access, issuedAt)
}

async function accessOf(deps: ServiceDeps, userId: string): Promise<Access | null> {
  const { admissions } = deps
  const known = admissions.find(userId)
  if (known && performance.now() - known.at < BELIEVED_MS) return known.access
  const mark = admissions.mark()
  try {
    const access = await readAccess(deps, userId)
    admissions.keep(userId, access, mark)
    return access
  } catch (error) {
    const holds = known && performance.now() - known.at < LAST_WORD_MS && mark === admissions.mark()
    if (holds && error instanceof PresenceError && error.retryable) return known.access
    throw error
  }
}

/**
 * The live word, and that of PostgreSQL: a user may be deleted there by a hand that is not ours. Of somebody who is connected the node
 * that holds the connection finds that out.
 */
async function readAccess({ hot, cold }: ServiceDeps, userId: string): Promise<Access | null> {
  const live = await hot.read([userId]).then(
    (records) => records.get(userId),
    () => undefined,
  )
  if (live && (live.sessions.length > 0 || live.access.bar !== null)) return live.access
  try {
    // Not remembered: others would be answered from it (R31).
    const stored = await inTime(cold.load(userId), live ? WAITS_MS : NEWCOMER_WAITS_MS)
    return stored ? mergeAccess(stored.access, live?.access ?? OPEN_ACCESS) : null
  } catch (error) {
    if (live) return live.access
    throw error
  }
}
