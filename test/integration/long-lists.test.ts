import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { WatchReply } from '../../src/protocol/events.ts'
import { startTestPresence, type TestPresence } from '../../src/testing/start-test-presence.ts'
import type { TestClient } from '../../src/testing/test-client.ts'

const PEOPLE = 700
/** Changes that fall into the answer of one list. */
const CHANGES = 40

let system: TestPresence
let ids: string[]

beforeEach(async () => {
  system = await startTestPresence()
  ids = Array.from({ length: PEOPLE }, () => system.addUser())
})
afterEach(() => system.stop())

/** What a client that compares no versions shows: the answer, then what is told after it. */
async function shownBy(client: TestClient, users: readonly string[], meanwhile: () => Promise<void>) {
  const shown = new Map<string, string>()
  let isAnswered = false
  client.socket.on('presenceUpdate', ({ userId, status }) => {
    if (isAnswered) shown.set(userId, status)
  })
  const answered = new Promise<WatchReply>((resolve) => {
    client.socket.emit('watch', { users: [...users] }, (reply) => {
      if (!reply.ok) throw new Error(reply.error.message)
      for (const { userId, online_status } of reply.presences) shown.set(userId, online_status)
      isAnswered = true
      resolve(reply)
    })
  })
  await meanwhile()
  await answered
  await client.take()
  client.socket.off('presenceUpdate')
  return shown
}

/** People come and go all over the list, one a turn of the event loop. */
async function comeAndGo(round: number): Promise<void> {
  for (let change = 0; change < CHANGES; change += 1) {
    const userId = ids[(change * 97 + round * 13) % PEOPLE] ?? ''
    const { service } = system.presence
    await (change % 3 === 2 ? service.setUserOffline(userId, 'phone') : service.setUserOnline(userId, 'phone'))
    await turn()
  }
}

describe('a list that is answered in several turns', () => {
  test.each([
    ['nobody of whom was watched', () => []],
    ['all of whom are watched already', () => ids],
    ['half of whom are watched already', () => ids.slice(PEOPLE / 2)],
  ])('R41 loses nothing that happens meanwhile, of people %s', async (_name, before) => {
    for (let round = 0; round < 4; round += 1) {
      const client = await system.connect(system.addUser())
      await client.watch(...before())
      const shown = await shownBy(client, ids, () => comeAndGo(round))
      const truth = await Promise.all(
        ids.map(async (userId) => [userId, (await system.presence.service.getUserPresence(userId)).online_status]),
      )
      expect([...shown]).toEqual(truth)
      await client.leave()
    }
  })
})
