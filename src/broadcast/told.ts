import type { Views } from '../domain/info.ts'
import { looksSame, type View } from '../domain/view.ts'
import type { Announcement } from './contract.ts'
import type { Update } from './update.ts'

export type Audience = keyof Views

const AUDIENCES = ['own', 'stranger'] as const
const AUDIENCES_APART = ['own', 'stranger', 'contact'] as const

/** What the watchers of one user were told last. */
interface Told {
  readonly views: Views
  readonly updates: Readonly<Partial<Record<Audience, Update>>>
  /** How many deliveries there had been by the last one of this user. */
  readonly deliveredAt: number
}

/** What was told last, user by user. */
export interface Telling {
  views(userId: string): Views | undefined
  updates(userId: string): Told['updates']
  /** News of other nodes may come late: the newest views stay (R7). @param updates what watchers were told just now, if they were */
  keep(announcement: Announcement, updates?: Told['updates']): void
  forget(userId: string): void
  /** What watchers knew last: what they were told here, else what was true before. */
  known(announcement: Announcement, role: Audience): View
  /** Whether contacts are told anything else than strangers, or were. */
  areApart(announcement: Announcement): boolean
  /** Audiences that are told something of their own. */
  rolesOf(announcement: Announcement): readonly Audience[]
  /** Those for whom it differs from what they know. */
  concerned(announcement: Announcement): Audience[]
  /** Something newer than what an announcement has may have been told. */
  newest(announcement: Announcement): Views
  /** How many deliveries there were. */
  deliveries(): number
  /** Whether anything was told of this user after that many deliveries. */
  wasToldSince(userId: string, deliveries: number): boolean
}

export function createTelling(): Telling {
  const told = new Map<string, Told>()
  let deliveries = 0

  function newest({ userId, own, contact, stranger }: Announcement): Views {
    const held = told.get(userId)?.views
    const newer = (role: Audience, view: View): View => (held && held[role].version > view.version ? held[role] : view)
    return { own: newer('own', own), contact: newer('contact', contact), stranger: newer('stranger', stranger) }
  }

  const known = ({ userId, before }: Announcement, role: Audience): View =>
    told.get(userId)?.views[role] ?? before[role]

  const areApart = (announcement: Announcement): boolean =>
    announcement.contact !== announcement.stranger || known(announcement, 'contact') !== known(announcement, 'stranger')

  const rolesOf = (announcement: Announcement): readonly Audience[] =>
    areApart(announcement) ? AUDIENCES_APART : AUDIENCES

  return {
    newest,
    known,
    areApart,
    rolesOf,
    concerned: (announcement) =>
      rolesOf(announcement).filter((role) => {
        const before = known(announcement, role)
        return announcement[role].version > before.version && !looksSame(announcement[role], before)
      }),
    views: (userId) => told.get(userId)?.views,
    updates: (userId) => told.get(userId)?.updates ?? {},
    forget: (userId) => void told.delete(userId),
    deliveries: () => deliveries,
    wasToldSince: (userId, count) => (told.get(userId)?.deliveredAt ?? 0) > count,
    keep(announcement, updates) {
      const { userId } = announcement
      const held = told.get(userId)
      if (updates) deliveries += 1
      const deliveredAt = updates ? deliveries : (held?.deliveredAt ?? 0)
      told.set(userId, { views: newest(announcement), updates: updates ?? held?.updates ?? {}, deliveredAt })
    },
  }
}
