import type { PresenceInfo, Standing, Views } from '../domain/info.ts'
import type { Revocation } from '../domain/session.ts'
import type { View } from '../domain/view.ts'
import type { ProvidersDiff } from '../protocol/events.ts'

/** What became of one user, for each audience. */
export interface Announcement extends Views {
  readonly userId: string
  /** The views before the change. */
  readonly before: Views
  /** Epoch milliseconds of the change. */
  readonly at: number
  /** Viewers of whom the user, or the host, decided something just now: what they are told from now on is news to all their connections. */
  readonly decidedOn?: readonly string[]
  /** True when something is taken back, so that it has to be written before anybody is told that it was (R32). */
  readonly retracts: boolean
}

/** One session that can be told things. */
export interface Watcher {
  readonly socketId: string
  readonly userId: string
  readonly format: 'events' | 'diff'
}

/** What became of a watched search, in the words of the wire. */
export type SearchNews = ProvidersDiff

/** Who hears what. Speaks to the connections of this node only. */
export interface Broadcaster {
  /** Makes a connection known, so that it can watch and be told. */
  add(watcher: Watcher): void
  /** Forgets a connection and all it watches. */
  remove(socketId: string): void
  /**
   * Replaces what a connection watches by this list (R41). Watching starts before the promise of a snapshot is kept.
   *
   * @returns those of the list that it did not watch before, or was never answered about
   */
  watch(socketId: string, userIds: readonly string[]): readonly string[]
  /** Viewers, other than the user themself, with connections here that watch this user. */
  viewersOf(userId: string): string[]
  /** Tells a connection nothing of these users until it is known where it stands, unless that is known already. */
  hold(socketId: string, userIds: readonly string[]): void
  /**
   * Ends that for those of whom it still is not known: they are told what strangers are.
   *
   * @param isAnswered whether they are told how things are; else nothing is taken back of it
   */
  release(socketId: string, userIds: readonly string[], isAnswered: boolean): void
  /**
   * From now on this viewer is told of this user what somebody is who stands there (R36, R37), and at once if that differs from what they
   * know. An older standing is ignored.
   *
   * @param announcement how things are, and were before, should nobody have been told here yet
   * @param unheard a connection of theirs that is about to be answered, and so is not told
   * @returns where they stand
   */
  place(viewerId: string, standing: Standing, announcement: Announcement, unheard?: string): Standing
  /** Where a connection stands towards a user: null where strangers do, or while it is not known. */
  standing(socketId: string, userId: string): Standing | null
  /** The newest view announced of a watched user, or null: a snapshot read earlier may be older. */
  latest(userId: string, audience: 'own' | 'contact' | 'stranger'): View | null
  /**
   * Takes what was read for what watchers of this user know, unless something newer was told. Whoever was told something older is told,
   * too: the read may have been faster than the news, which from then on are none (R46).
   */
  remember(announcement: Announcement): void
  /** Who is watched by connections of this node. */
  watched(): Iterable<string>
  /** Tells the watchers of this user, and nobody else, what changed for them (R40, R14). */
  announce(announcement: Announcement): void
  /** Tells the watchers of this user once more what is true. */
  repeat(announcement: Announcement): void
  /** Tells all connections of a user how they themself look now. */
  tellSelf(userId: string, info: PresenceInfo): void
  /** Tells a connection what is told to a topic from now on, unless it is not known. What is answered right now arrives before. */
  listen(socketId: string, topic: string): void
  /** Ends that for these topics; harmless for any that it does not listen to. */
  unlisten(socketId: string, topics: Iterable<string>): void
  topicsOf(socketId: string): ReadonlySet<string>
  hasListeners(topic: string): boolean
  /**
   * Tells all who listen to a topic the same. Whoever does not read is asked to read everything again instead, once they do (R43).
   *
   * @returns how many listen
   */
  tell(topic: string, news: SearchNews): number
  /** Asks one connection, or all of a user's, to read everything again. */
  resync(to: { socketId: string } | { userId: string }): void
  /**
   * Tells a connection, for whose user presence is switched off, that nobody vouches any more for what it shows, and from now on only of
   * those of whom nothing is shown any more (R71). It ends when the connection is forgotten.
   */
  silence(socketId: string): void
  /** Tells every connection that nobody can vouch for what it shows (R45). */
  stale(): void
  /** Asks every connection to read everything again, spread over this many milliseconds; given up when all turns stale again. */
  resyncAll(spreadMs: number): void
  /** Ends a connection for good, and says why; a plain client does not come back by itself (R62). */
  signOut(socketId: string, why: Revocation): void
  /** Drops the transport, so that a plain client comes back (R54). */
  drop(socketId: string): void
  /** How many users are watched and how many connections are known, for metrics. */
  counts(): { watchedUsers: number; connections: number }
}
