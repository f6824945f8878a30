import type {
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

export async function watchSearch(client: Client, request: ProviderWatchRequest): Promise<WatchedSearch> {
  const diffs: ProvidersDiff[] = []
  let watchId: string | null = null
  let early = 0
  client.socket.on('providersDiff', (diff: ProvidersDiff) => {
    if (watchId === null) early += 1
    if (diff.watch_id === watchId) take(diff)
  })
  const reply = await new Promise<Record<string, unknown>>((resolve) => {
    // Not a promise's turn later: what comes right behind the answer must be heard.
    client.socket.emit('watchProviders', request, (answer: Record<string, unknown>) => {
      if (answer['ok'] === true) watchId = String(answer['watch_id'])
      resolve(answer)
    })
  })
  if (reply['ok'] !== true) throw new Error(`refused: ${JSON.stringify(reply)}`)
  const first = reply as unknown as ProviderWatchReply
  let cards = new Map(first.providers.map((card) => [card.presence.userId, card]))
  let rest: Omit<Shown, 'cards'> = first
  let seq = first.seq
  let unseen = 0
  let isBroken = early > 0 && watchId === null

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

  return {
    request,
    watchId: first.watch_id,
    diffs,
    ids: () => [...cards.keys()],
    shown: window,
    isBroken: () => isBroken,
    unseen: () => unseen,
  }
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
