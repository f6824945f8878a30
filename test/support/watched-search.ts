import type {
  ErrorReply,
  ProviderCard,
  ProvidersDiff,
  ProviderWatchReply,
  ProviderWatchRequest,
} from '../../src/protocol/events.ts'
import { type Client, eventually, type Marketplace } from './marketplace.ts'

/** What a client shows of a watched search, as `docs/protocol.md` tells it to. */
export interface WatchedSearch {
  readonly request: ProviderWatchRequest
  readonly watchId: string
  /** Everything told so far, in order. */
  readonly diffs: readonly ProvidersDiff[]
  /** All that can be seen, without what time alone moves. */
  shown(): Shown
  /** User ids. */
  ids(): string[]
  /** A diff was missed, or came twice. */
  isBroken(): boolean
  /** How many diffs changed nothing that can be seen. */
  unseen(): number
}

export interface Shown {
  readonly cards: readonly object[]
  readonly counts: object
  readonly next_cursor: string | null
  readonly stale: boolean
}

/** Watches. What is told is heard from the very answer on: a promise's turn later may be too late. */
export function watchSearch({ socket }: Client, request: ProviderWatchRequest): Promise<WatchedSearch> {
  const early: ProvidersDiff[] = []
  const hearEarly = (diff: ProvidersDiff) => void early.push(diff)
  socket.on('providersDiff', hearEarly)
  return new Promise((resolve, reject) => {
    socket.emit('watchProviders', request, (reply: ProviderWatchReply | ErrorReply) => {
      socket.off('providersDiff', hearEarly)
      if (!reply.ok) {
        reject(new Error(`refused: ${JSON.stringify(reply)}`))
        return
      }
      const search = follow(request, reply)
      // The same search may have been watched before; then nothing was too early.
      const isTooEarly = early.some(({ watch_id, seq }) => watch_id === reply.watch_id && seq > reply.seq)
      socket.on('providersDiff', (diff: ProvidersDiff) => {
        if (diff.watch_id === reply.watch_id) search.take(diff)
      })
      resolve({ ...search.watched, isBroken: () => isTooEarly || search.watched.isBroken() })
    })
  })
}

function follow(
  request: ProviderWatchRequest,
  first: ProviderWatchReply,
): { watched: WatchedSearch; take(diff: ProvidersDiff): void } {
  const diffs: ProvidersDiff[] = []
  let cards = new Map(first.providers.map((card) => [card.presence.userId, card]))
  let rest: Omit<Shown, 'cards'> = first
  let seq = first.seq
  let unseen = 0
  let isBroken = false
  const window = (): Shown => shown({ ...rest, providers: [...cards.values()] })

  function take(diff: ProvidersDiff): void {
    const before = JSON.stringify(window())
    diffs.push(diff)
    if (diff.seq !== seq + 1) isBroken = true
    seq = diff.seq
    for (const userId of diff.leave) cards.delete(userId)
    for (const card of [...diff.enter, ...diff.change]) cards.set(card.presence.userId, card)
    if (diff.order) cards = inOrder(cards, diff.order)
    rest = diff
    if (JSON.stringify(window()) === before) unseen += 1
  }

  const watched = {
    request,
    watchId: first.watch_id,
    diffs,
    ids: () => [...cards.keys()],
    shown: window,
    isBroken: () => isBroken,
    unseen: () => unseen,
  }
  return { watched, take }
}

const inOrder = (cards: Map<string, ProviderCard>, order: readonly string[]): Map<string, ProviderCard> =>
  new Map(order.flatMap((userId) => (cards.has(userId) ? [[userId, cards.get(userId) as ProviderCard]] : [])))

interface List extends Omit<Shown, 'cards'> {
  readonly providers: readonly object[]
}

const shown = ({ providers, counts, next_cursor, stale }: List): Shown => ({
  cards: providers.map((card) => ({ ...card, last_seen_text: '' })),
  counts,
  next_cursor,
  stale,
})

/** What somebody sees who asks anew. */
export async function freshSearch({ http }: Marketplace, request: ProviderWatchRequest): Promise<Shown> {
  const query = new URLSearchParams(Object.entries(request).map(([name, value]) => [name, String(value)]))
  const { status, body } = await http(`/api/providers?${query}`)
  if (status !== 200) throw new Error(`GET /api/providers?${query}: ${status} ${JSON.stringify(body)}`)
  return shown(body as List)
}

/** Waits until a watched search shows what a fresh one does. */
export async function untilFresh(market: Marketplace, search: WatchedSearch): Promise<Shown> {
  return eventually(
    () => freshSearch(market, search.request),
    (fresh) => JSON.stringify(fresh) === JSON.stringify(search.shown()),
  )
}
