import { randomUUID } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import type { PresenceSettings } from '../../src/protocol/http.ts'
import { startTestPresence, type TestPresence } from '../../src/testing/start-test-presence.ts'
import type { TestClient } from '../../src/testing/test-client.ts'

// Who may see what, seen from outside: over real sockets and HTTP, on one node.

let system: TestPresence
/** Who is a contact of whom, as the host has it: '<viewer> <user>'. */
let dealings: Set<string>
/** What the host does when it is asked. */
let answer: (viewerId: string, userId: string) => boolean | Promise<boolean>
let asked: string[]

async function start(): Promise<void> {
  dealings = new Set()
  asked = []
  answer = (viewerId, userId) => dealings.has(`${viewerId} ${userId}`)
  system = await startTestPresence({
    relation: (viewerId, userId) => {
      asked.push(`${viewerId} ${userId}`)
      return answer(viewerId, userId)
    },
  })
}
afterEach(() => system.stop())

interface World {
  readonly marta: string
  readonly phone: TestClient
  /** A contact of Marta's, a stranger, and one more stranger, who all watch her. */
  readonly [name: string]: TestClient | string
  readonly ana: TestClient
  readonly ben: TestClient
  readonly carla: TestClient
}

/** Marta is online; three watch her, of whom Ana deals with her. */
async function world(): Promise<World> {
  await start()
  const [marta, ana, ben, carla] = [0, 0, 0, 0].map(() => system.addUser()) as [string, string, string, string]
  dealings.add(`${ana} ${marta}`)
  const phone = await system.connect(marta)
  const [a, b, c] = [await system.connect(ana), await system.connect(ben), await system.connect(carla)]
  for (const client of [a, b, c]) await client.watch(marta)
  const made = { marta, phone, ana: a, ben: b, carla: c }
  await forget(made)
  return made
}

const forget = async (made: World): Promise<void> => {
  for (const client of [made.phone, made.ana, made.ben, made.carla]) await client.take()
}

async function http(as: string, method: string, path: string, body?: unknown) {
  const response = await fetch(`${system.url}/api/users/presence${path}`, {
    method,
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? null : JSON.parse(text) }
}

const decide = (as: string, settings: Partial<PresenceSettings>) => http(as, 'PATCH', '/settings', settings)

interface Told {
  readonly userId: string
  readonly status: string
  readonly last_seen: string | null
  readonly version: string
}

/** The updates that a client heard since the last time. */
const updates = async (client: TestClient): Promise<Told[]> =>
  (await client.take()).flatMap(([event, payload]) => (event === 'presenceUpdate' ? [payload as Told] : []))

const statuses = async (client: TestClient): Promise<string[]> => (await updates(client)).map(({ status }) => status)

const UNSEEN = { online_status: 'offline', last_seen: null, show_status: true }

describe('levels', () => {
  test('R36 old clients read and decide what they did before, and the rest stays as it is', async () => {
    const { marta } = await world()
    const open = { status_audience: 'everyone', last_seen_audience: 'everyone', coarse_last_seen: false }
    expect((await http(marta, 'GET', '/settings')).body).toEqual({ show_online_status: true, ...open })
    await decide(marta, { status_audience: 'contacts' })
    const hidden = await decide(marta, { show_online_status: false })
    expect(hidden.body).toEqual({ show_online_status: false, ...open, status_audience: 'contacts' })
    expect((await decide(marta, {})).body).toMatchObject({ code: 'INVALID_PAYLOAD' })
  })

  test('R32 R36 narrowing retracts from exactly those who may not see any more, and nobody else hears anything', async () => {
    const { marta, ana, ben, carla } = await world()
    const reply = await decide(marta, { status_audience: 'contacts' })
    expect(reply.status).toBe(200)
    expect(await statuses(ben)).toEqual(['offline'])
    expect(await statuses(carla)).toEqual(['offline'])
    expect(await statuses(ana)).toEqual([])
    expect((await http(ana.userId, 'GET', `/${marta}`)).body).toMatchObject({ online_status: 'online' })
    expect((await http(ben.userId, 'GET', `/${marta}`)).body).toMatchObject({ online_status: 'offline' })
    // Contacts go on hearing, strangers do not.
    await system.presence.service.setCustomStatus(marta, 'dnd', 'on a roof')
    expect(await statuses(ana)).toEqual(['dnd'])
    expect(await statuses(ben)).toEqual([])
    // And the other way round: who may see more is shown more, and only they.
    await decide(marta, { status_audience: 'everyone' })
    for (const client of [ben, carla]) expect(await statuses(client)).toEqual(['dnd'])
    expect(await statuses(ana)).toEqual([])
    await decide(marta, { status_audience: 'nobody' })
    for (const client of [ana, ben, carla]) expect(await statuses(client)).toEqual(['offline'])
  })

  test('R36 last seen stands still for those who may not know that somebody is here, and moves once they have left', async () => {
    const { marta, phone, ben } = await world()
    await decide(marta, { status_audience: 'nobody' })
    const [told] = await updates(ben)
    await system.clock.advance(3_600_000)
    await phone.activity()
    await system.clock.advance(3_600_000)
    await phone.activity()
    expect(await updates(ben)).toEqual([])
    expect((await http(ben.userId, 'GET', `/${marta}`)).body.last_seen).toBe(told?.last_seen)
    await system.clock.advance(1_000)
    const leftAt = new Date(system.clock.now()).toISOString()
    await phone.leave()
    expect(await updates(ben)).toMatchObject([{ status: 'offline', last_seen: leftAt }])
  })

  test('R36 whoever may see neither reads somebody who was never here, with the same fields', async () => {
    const { marta, ben } = await world()
    const nobody = system.addUser()
    await decide(marta, { status_audience: 'nobody', last_seen_audience: 'nobody' })
    const [hers, theirs] = [await http(ben.userId, 'GET', `/${marta}`), await http(ben.userId, 'GET', `/${nobody}`)]
    expect({ ...hers.body, userId: '' }).toEqual({ ...theirs.body, userId: '' })
    expect((await http(marta, 'GET', `/${marta}`)).body).toMatchObject({ online_status: 'online', show_status: true })
  })

  test('R38 coarse last seen is told as the beginning of its bucket, and an exact one of that time never later', async () => {
    const { marta, phone, ben } = await world()
    await system.clock.advance(60_000)
    await decide(marta, { coarse_last_seen: true })
    await phone.leave()
    const [seen] = (await updates(ben)).slice(-1)
    expect(Date.parse(seen?.last_seen ?? '') % 21_600_000).toBe(0)
    await system.clock.advance(1_000)
    await decide(marta, { coarse_last_seen: false })
    expect((await http(ben.userId, 'GET', `/${marta}`)).body.last_seen).toBe(seen?.last_seen)
    expect((await http(marta, 'GET', `/${marta}`)).body.last_seen).not.toBe(seen?.last_seen)
  })

  test('R44 who comes back with versions is told by their own audience what changed', async () => {
    const { marta, ana, ben } = await world()
    await decide(marta, { status_audience: 'contacts' })
    for (const [client, count] of [
      [ana, 1],
      [ben, 1],
    ] as const) {
      const { versions } = (await client.socket.emitWithAck('watch', { users: [marta] })) as {
        versions: Record<string, string>
      }
      const again = (await client.socket.emitWithAck('watch', { users: [marta], known: versions })) as {
        presences: object[]
      }
      expect([Object.keys(versions).length, again.presences]).toEqual([count, []])
    }
  })

  test('previews show what a stranger, a contact and somebody blocked see, and only to the user', async () => {
    const { marta } = await world()
    await decide(marta, { status_audience: 'contacts', last_seen_audience: 'nobody' })
    const as = async (who: string) => (await http(marta, 'GET', `/settings/preview?as=${who}`)).body
    expect(await as('contact')).toEqual({ userId: marta, ...UNSEEN, online_status: 'online' })
    expect(await as('stranger')).toEqual({ userId: marta, ...UNSEEN })
    expect(await as('blocked')).toEqual({ userId: marta, ...UNSEEN })
  })
})

describe('contacts', () => {
  test('R36 whoever becomes a contact, or ceases to be one, is told at once, and nobody else', async () => {
    const { marta, ana, ben, carla } = await world()
    await decide(marta, { status_audience: 'contacts' })
    for (const client of [ana, ben, carla]) await client.take()
    dealings.add(`${ben.userId} ${marta}`)
    await system.presence.relationChanged(ben.userId, marta)
    expect(await statuses(ben)).toEqual(['online'])
    dealings.delete(`${ana.userId} ${marta}`)
    await system.presence.relationChanged(ana.userId, marta)
    expect(await statuses(ana)).toEqual(['offline'])
    expect(await statuses(carla)).toEqual([])
  })

  test('R36 the host is asked only about those who let contacts know more, and remembers both answers', async () => {
    const { marta, ana, ben } = await world()
    expect(asked).toEqual([])
    await decide(marta, { status_audience: 'contacts' })
    for (let round = 0; round < 3; round += 1) {
      for (const viewer of [ana, ben]) await http(viewer.userId, 'GET', `/${marta}`)
    }
    expect(asked.filter((pair) => pair === `${ana.userId} ${marta}`)).toHaveLength(1)
    expect(asked.filter((pair) => pair === `${ben.userId} ${marta}`)).toHaveLength(1)
  })

  test.each<[string, () => boolean | Promise<boolean>]>([
    [
      'throws',
      () => {
        throw new Error('the database of the host is away')
      },
    ],
    ['rejects', () => Promise.reject(new Error('the database of the host is away'))],
    ['hangs', () => new Promise<boolean>(() => {})],
    ['says something else', () => 'yes' as unknown as boolean],
  ])('R34 R36 it fails closed when the host %s', async (_name, fails) => {
    const { marta, ana, ben } = await world()
    answer = fails
    await decide(marta, { status_audience: 'contacts' })
    for (const client of [ana, ben]) expect(await statuses(client)).toEqual(['offline'])
    const late = await system.connect(ana.userId)
    expect(await late.watch(marta)).toMatchObject([{ userId: marta, online_status: 'offline' }])
    await system.presence.service.setCustomStatus(marta, 'away')
    for (const client of [ana, ben, late]) expect(await statuses(client)).toEqual([])
  })

  test('R34 while it is not known who a watcher is, they are told nothing', async () => {
    const { marta, phone, ana } = await world()
    await decide(marta, { status_audience: 'contacts' })
    let say: (isContact: boolean) => void = () => {}
    const word = new Promise<boolean>((resolve) => (say = resolve))
    answer = () => word
    const late = await system.connect(system.addUser())
    await late.take()
    const watching = late.socket.emitWithAck('watch', { users: [marta] })
    // Strangers are told of that, too: it is when she left.
    await system.clock.advance(1_000)
    await phone.leave()
    await ana.next('presenceUpdate', { status: 'offline' })
    expect(await late.take()).toEqual([])
    say(true)
    expect(await watching).toMatchObject({ presences: [{ online_status: 'offline' }] })
    await system.connect(marta)
    expect(await late.next('presenceUpdate')).toMatchObject({ status: 'online' })
  })
})

describe('blocks', () => {
  const block = (as: string, viewer: string) => http(as, 'PUT', `/blocks/${viewer}`)
  const unblock = (as: string, viewer: string) => http(as, 'DELETE', `/blocks/${viewer}`)

  test('R37 whoever is blocked sees somebody who was never here, at once, whatever the levels; nobody else hears of it', async () => {
    const { marta, phone, ana, ben, carla } = await world()
    expect((await block(marta, ana.userId)).status).toBe(204)
    expect(await updates(ana)).toMatchObject([{ status: 'offline', last_seen: null }])
    for (const client of [ben, carla]) expect(await client.take()).toEqual([])
    await decide(marta, { status_audience: 'contacts' })
    await phone.setStatus({ status: 'dnd', message: 'on a roof' })
    expect(await ana.take()).toEqual([])
    expect((await http(ana.userId, 'GET', `/${marta}`)).body).toEqual({ userId: marta, ...UNSEEN })
    const [row] = await system.presence.withPresence([{ id: marta }], ana.userId)
    expect(row?.presence).toEqual({ userId: marta, ...UNSEEN })
    const late = await system.connect(ana.userId)
    expect(await late.watch(marta)).toEqual([{ userId: marta, ...UNSEEN }])
    expect((await http(marta, 'GET', '/blocks')).body.blocks).toMatchObject([{ userId: ana.userId }])
  })

  test('R31 R37 whoever is blocked while their watch is being answered is answered like the blocked', async () => {
    const { marta, ben } = await world()
    // The host takes its time over somebody else in the list, after Marta was read.
    await decide(ben.userId, { status_audience: 'contacts' })
    let say: (isContact: boolean) => void = () => {}
    const word = new Promise<boolean>((resolve) => (say = resolve))
    answer = () => word
    const late = await system.connect(system.addUser())
    const watching = late.socket.emitWithAck('watch', { users: [marta, ben.userId] })
    await expect.poll(() => asked.some((pair) => pair === `${late.userId} ${ben.userId}`)).toBe(true)
    await block(marta, late.userId)
    say(false)
    const { presences } = (await watching) as { presences: object[] }
    expect(presences[0]).toEqual({ userId: marta, ...UNSEEN })
    await system.presence.service.setCustomStatus(marta, 'away')
    expect(await updates(late)).toEqual([])
  })

  test('R37 whoever blocked sees the blocked as always', async () => {
    const { marta, phone, ana } = await world()
    await block(marta, ana.userId)
    expect(await phone.watch(ana.userId)).toMatchObject([{ online_status: 'online' }])
  })

  test('R37 whoever is let see again is told at once what their audience is told, under versions that grow', async () => {
    const { marta, phone, ana } = await world()
    const before = (await ana.socket.emitWithAck('watch', { users: [marta] })) as { versions: Record<string, string> }
    await block(marta, ana.userId)
    const [gone] = await updates(ana)
    await unblock(marta, ana.userId)
    const [back] = await updates(ana)
    expect(back).toMatchObject({ status: 'online' })
    await phone.setStatus({ status: 'away' })
    const [later] = await updates(ana)
    const versions = [before.versions[marta], gone?.version, back?.version, later?.version].map(Number)
    expect(versions).toEqual(versions.toSorted((a, b) => a - b))
    expect(new Set(versions).size).toBe(4)
    expect((await http(marta, 'GET', '/blocks')).body.blocks).toEqual([])
  })

  test('R37 blocking is harmless twice, refused of oneself and of nobody, and bounded', async () => {
    const { marta, ana } = await world()
    expect([(await block(marta, ana.userId)).status, (await block(marta, ana.userId)).status]).toEqual([204, 204])
    expect((await unblock(marta, randomUUID())).status).toBe(204)
    expect((await block(marta, marta)).body).toMatchObject({ code: 'INVALID_ID', retryable: false })
    expect((await block(marta, randomUUID())).body).toMatchObject({ code: 'USER_NOT_FOUND' })
    await system.stop()
    system = await startTestPresence({ options: { maxBlocks: 1 } })
    const [eva, finn, gil] = [system.addUser(), system.addUser(), system.addUser()]
    await block(eva, finn)
    expect((await block(eva, gil)).body).toMatchObject({ code: 'LIMIT_EXCEEDED', retryable: false })
    await unblock(eva, finn)
    expect((await block(eva, gil)).status).toBe(204)
  })

  test('R37 the service does the same for hosts', async () => {
    const { marta, ana } = await world()
    const { service } = system.presence
    await service.blockUser(marta, ana.userId)
    expect(await service.getBlockedUsers(marta)).toEqual([ana.userId])
    expect(await service.getUserPresence(marta, { viewerId: ana.userId })).toMatchObject(UNSEEN)
    await service.unblockUser(marta, ana.userId)
    expect(await service.getUserPresence(marta, { viewerId: ana.userId })).toMatchObject({ online_status: 'online' })
  })

  test('R42 where everyone hears everything, whoever is blocked does not', async () => {
    system = await startTestPresence({ audience: 'everyone' })
    const [marta, ana] = [system.addUser(), system.addUser()]
    const [phone, blocked] = [await system.connect(marta), await system.connect(ana)]
    await block(marta, ana)
    await blocked.take()
    await phone.setStatus({ status: 'dnd' })
    await phone.leave()
    expect((await blocked.take()).filter(([event]) => event !== 'selfPresence')).toEqual([])
  })
})
