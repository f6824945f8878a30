import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server, type Socket as ServerSocket } from 'socket.io'
import { io } from 'socket.io-client'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type {
  ClientToServer,
  ErrorReply,
  ProviderCard,
  ProvidersDiff,
  ProviderWatchReply,
  ProviderWatchRequest,
  ServerToClient,
} from '../../protocol/events.ts'
import type { PresenceSocket } from '../connection.ts'
import { createSearchSync, type SearchNews } from './search-sync.ts'

/** How many times faster than the clock the timers run, so that pauses between attempts are short. */
const FAST = 25

type Answer = ProviderWatchReply | ErrorReply
interface Question {
  readonly city: unknown
  answer(answer: Answer): void
}

let wire: Awaited<ReturnType<typeof openWire>>
beforeEach(async () => {
  wire = await openWire()
})
afterEach(() => wire.close())

describe('a watched search', () => {
  test('R41 is asked for once, and followed from its answer on', async () => {
    wire.want('lyon')
    wire.sync.restart()
    const [question] = await wire.asked(1)
    question?.answer(reply('w1', 3, 'a'))
    await wire.heard(1)
    wire.tell(diff('w1', 4, ['b', 'a']))
    expect(await wire.heard(2)).toEqual(['lyon window 3 a', 'lyon diff 4'])
    expect(wire.held('lyon')).toBe('window 4 b,a')
  })

  test('R41 loses no change that overtakes the answer, and takes none twice', async () => {
    wire.want('lyon', 'paris')
    wire.sync.restart()
    const [lyon, paris] = await wire.asked(2)
    wire.tell(diff('w1', 3, ['a', 'b']))
    wire.tell(diff('w1', 4, ['b', 'a']))
    wire.tell(diff('w1', 5, ['c']))
    paris?.answer(reply('w2', 0, 'x'))
    await wire.heard(1)
    lyon?.answer(reply('w1', 3, 'a', 'b'))
    expect(await wire.heard(2)).toEqual(['paris window 0 x', 'lyon window 5 c'])
    wire.tell(diff('w1', 4, ['b', 'a']))
    wire.tell(diff('w1', 6, ['c', 'a']))
    expect(await wire.heard(3)).toContain('lyon diff 6')
    expect(wire.questions()).toBe(2)
  })

  test('R41 is asked for anew when a change was missed, and doubted until it is answered', async () => {
    wire.want('lyon')
    wire.sync.restart()
    const [first] = await wire.asked(1)
    first?.answer(reply('w1', 0, 'a'))
    await wire.heard(1)
    wire.tell(diff('w1', 2, ['b']))
    wire.tell(diff('w1', 3, ['c']))
    expect(await wire.heard(2)).toEqual(['lyon window 0 a', 'lyon doubted'])
    const [, second] = await wire.asked(2)
    wire.tell(diff('w1', 4, ['d']))
    await wire.flushed()
    second?.answer(reply('w1', 3, 'c'))
    expect((await wire.heard(3))[2]).toBe('lyon window 4 d')
    expect(wire.questions()).toBe(2)
  })

  test('R43 is asked for anew when the server says so, also while an answer from before it is under way', async () => {
    wire.want('lyon')
    wire.sync.restart()
    const [first] = await wire.asked(1)
    wire.sync.again()
    wire.sync.again()
    first?.answer(reply('w1', 0, 'a'))
    const [, second] = await wire.asked(2)
    second?.answer(reply('w1', 7, 'b'))
    expect(await wire.heard(2)).toEqual(['lyon window 0 a', 'lyon window 7 b'])
    expect(wire.questions()).toBe(2)
  })

  test('R45 is doubted when the server is not sure, and asked for until it is', async () => {
    wire.want('lyon')
    wire.sync.restart()
    const [first] = await wire.asked(1)
    first?.answer({ ...reply('w1', 0, 'a'), stale: true })
    const [, second] = await wire.asked(2)
    second?.answer(reply('w1', 0, 'a'))
    await wire.heard(2)
    wire.sync.doubt()
    const [, , third] = await wire.asked(3)
    third?.answer(reply('w1', 1, 'a'))
    expect(await wire.heard(4)).toEqual(['lyon window 0 a stale', 'lyon window 0 a', 'lyon doubted', 'lyon window 1 a'])
  })

  test('R44 begins anew with each connection: what the one before answers says nothing', async () => {
    wire.want('lyon')
    wire.sync.restart()
    const [first] = await wire.asked(1)
    first?.answer(reply('w1', 0, 'a'))
    await wire.heard(1)
    wire.sync.again()
    const [, late] = await wire.asked(2)
    wire.sync.stop()
    expect(wire.held('lyon')).toBeNull()
    wire.tell(diff('w1', 1, ['b']))
    late?.answer(reply('w1', 1, 'b'))
    await wire.flushed()
    wire.sync.restart()
    const [, , third] = await wire.asked(3)
    third?.answer(reply('w9', 0, 'c'))
    expect(await wire.heard(2)).toEqual(['lyon window 0 a', 'lyon window 0 c'])
  })
})

describe('a search that is refused', () => {
  test('R52 is tried again when that can help, and not when it cannot', async () => {
    wire.want('lyon', 'nowhere')
    wire.sync.restart()
    const [lyon, nowhere] = await wire.asked(2)
    lyon?.answer(refusal('STORE_UNAVAILABLE', true))
    nowhere?.answer(refusal('INVALID_QUERY', false))
    const [, , again] = await wire.asked(3)
    expect(again?.city).toBe('lyon')
    expect(wire.held('lyon')).toBe('refused STORE_UNAVAILABLE')
    again?.answer(reply('w1', 0, 'a'))
    expect(await wire.heard(3)).toEqual([
      'lyon refused STORE_UNAVAILABLE',
      'nowhere refused INVALID_QUERY',
      'lyon window 0 a',
    ])
    expect(wire.held('nowhere')).toBe('refused INVALID_QUERY')
    expect(wire.questions()).toBe(3)
  })

  test('R53 for being one too many is tried again when another was ended', async () => {
    wire.want('lyon', 'paris')
    wire.sync.restart()
    const [lyon, paris] = await wire.asked(2)
    lyon?.answer(reply('w1', 0, 'a'))
    paris?.answer(refusal('LIMIT_EXCEEDED', false))
    await wire.heard(2)
    wire.want('paris')
    const [, , again] = await wire.asked(3)
    expect(wire.ended()).toEqual(['w1'])
    again?.answer(reply('w2', 0, 'b'))
    expect((await wire.heard(3))[2]).toBe('paris window 0 b')
  })
})

describe('a search that nobody wants any more', () => {
  test('R40 is ended before another is asked for, so that both need not fit', async () => {
    wire.want('lyon')
    wire.sync.restart()
    const [lyon] = await wire.asked(1)
    lyon?.answer(reply('w1', 0, 'a'))
    await wire.heard(1)
    wire.want('paris')
    await wire.asked(2)
    expect(wire.order()).toEqual(['watch lyon', 'unwatch w1', 'watch paris'])
  })

  test('R40 is ended when its answer comes, unless it is wanted again by then', async () => {
    wire.want('lyon')
    wire.sync.restart()
    const [first] = await wire.asked(1)
    wire.want()
    wire.want('lyon')
    const [, second] = await wire.asked(2)
    first?.answer(reply('w1', 0, 'a'))
    second?.answer(reply('w1', 1, 'b'))
    expect(await wire.heard(1)).toEqual(['lyon window 1 b'])
    await wire.flushed()
    expect(wire.ended()).toEqual([])

    wire.sync.again()
    const [, , third] = await wire.asked(3)
    wire.want()
    third?.answer(reply('w1', 1, 'b'))
    await wire.flushed()
    expect(wire.ended()).toEqual(['w1'])
  })

  test('is not ended for another that the server takes for the same', async () => {
    wire.want('lyon', 'Lyon')
    wire.sync.restart()
    const [lower, upper] = await wire.asked(2)
    lower?.answer(reply('w1', 0, 'a'))
    upper?.answer(reply('w1', 0, 'a'))
    await wire.heard(2)
    wire.tell(diff('w1', 1, ['b']))
    expect(await wire.heard(4)).toEqual(expect.arrayContaining(['lyon diff 1', 'Lyon diff 1']))
    wire.want('Lyon')
    wire.tell(diff('w1', 2, ['c']))
    expect((await wire.heard(5))[4]).toBe('Lyon diff 2')
    expect(wire.ended()).toEqual([])
  })
})

/** A real connection to a server that answers what the test says. */
async function openWire() {
  const http: HttpServer = createServer()
  const server = new Server<ClientToServer, ServerToClient>(http)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const questions: Question[] = []
  const order: string[] = []
  const ended: string[] = []
  const heard: string[] = []
  const arrived = new Promise<ServerSocket<ClientToServer, ServerToClient>>((resolve) => {
    server.on('connection', (peer) => {
      peer.on('watchProviders', (request, ack) => {
        questions.push({ city: request.city_id, answer: ack })
        order.push(`watch ${request.city_id}`)
      })
      peer.on('unwatch', ({ watch_id }, ack) => {
        ended.push(watch_id ?? 'everything')
        order.push(`unwatch ${watch_id}`)
        ack({ ok: true })
      })
      // What came before this was taken, in order.
      peer.on('activity', () => peer.emit('drain', { reconnect_in_ms: 0 }))
      resolve(peer)
    })
  })
  const socket: PresenceSocket = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
    transports: ['websocket'],
    forceNew: true,
  })
  const peer = await arrived
  let wanted: ReadonlyMap<string, ProviderWatchRequest> = new Map()
  const sync = createSearchSync(
    {
      now: () => performance.now() * FAST,
      after(ms, run) {
        const timer = setTimeout(run, ms / FAST)
        return () => clearTimeout(timer)
      },
    },
    socket,
    { wanted: () => wanted, told: (key, news) => void heard.push(`${key} ${words(news)}`) },
  )
  socket.on('providersDiff', sync.take)
  return {
    sync,
    want(...cities: string[]) {
      wanted = new Map(cities.map((city_id) => [city_id, { city_id }]))
      sync.changed()
    },
    tell: (news: ProvidersDiff) => void peer.emit('providersDiff', news),
    asked: (count: number) => until(questions, count),
    heard: (count: number) => until(heard, count),
    questions: () => questions.length,
    ended: () => ended,
    order: () => order,
    held(key: string) {
      const news = sync.newsOf(key)
      return news && words(news)
    },
    /** Everything that was said so far has arrived, on both sides. */
    async flushed() {
      for (let round = 0; round < 2; round += 1) {
        const back = new Promise<void>((resolve) => socket.once('drain', () => resolve()))
        socket.emit('activity')
        await back
      }
    },
    async close() {
      sync.stop()
      socket.disconnect()
      await server.close()
    },
  }
}

/** Waits until there are so many. The test's own time limit ends it. */
async function until<Value>(list: readonly Value[], count: number): Promise<readonly Value[]> {
  while (list.length < count) await new Promise((resolve) => setTimeout(resolve, 2))
  return list
}

function words(news: SearchNews): string {
  if (news.kind === 'diff') return `diff ${news.diff.seq}`
  if (news.kind === 'refused') return `refused ${news.error.code}`
  if (news.kind === 'doubted') return 'doubted'
  const { seq, providers, stale } = news.window
  return `window ${seq} ${providers.map(({ presence }) => presence.userId).join()}${stale ? ' stale' : ''}`
}

const reply = (watch_id: string, seq: number, ...userIds: string[]): ProviderWatchReply => ({
  ok: true,
  watch_id,
  seq,
  providers: userIds.map(card),
  ...REST,
})

/** Everybody enters, whether they were there or not, so that it can follow any window. */
const diff = (watch_id: string, seq: number, order: string[]): ProvidersDiff => ({
  watch_id,
  seq,
  enter: order.map(card),
  leave: ['a', 'b', 'c', 'd'].filter((userId) => !order.includes(userId)),
  change: [],
  order,
  ...REST,
})

const REST = { counts: { online: 0, away: 0, dnd: 0 }, next_cursor: null, as_of: null, stale: false }

const card = (userId: string): ProviderCard => ({
  presence: { userId, online_status: 'online', last_seen: null, show_status: true },
  is_online: true,
  last_seen_text: 'online',
})

const refusal = (code: string, retryable: boolean): ErrorReply => ({
  ok: false,
  error: { code, message: 'No.', retryable },
})
