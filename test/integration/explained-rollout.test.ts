import { afterEach, beforeEach, expect, test } from 'vitest'
import type { PresenceExplanation } from '../../src/protocol/operator.ts'
import { createFlagFile, type FlagFile, staffAnd } from '../support/flag-file.ts'
import { eventually, type Marketplace, type Person, startMarketplace } from '../support/marketplace.ts'

const OPS_TOKEN = 'operations of this test'

let flags: FlagFile
let market: Marketplace

beforeEach(async () => {
  flags = createFlagFile('on')
  market = await startMarketplace({ OPS_TOKEN, PRESENCE_FLAGS_FILE: flags.path, PRESENCE_PROJECT_EVERY_MS: '20' })
})
afterEach(async () => {
  await market.stop()
  flags.remove()
})

/** What the operator page says of somebody, once it gives this cause. */
async function explained({ id }: Person, rule: string): Promise<PresenceExplanation> {
  const { body } = await eventually(
    () => market.http(`/ops/users/${id}`, { headers: { authorization: `Bearer ${OPS_TOKEN}` } }),
    (answer) => answer.body.cause?.rule === rule,
  )
  return body
}

test('R71 offline although a tab is open: the kill switch took them out, and gives them back', async () => {
  const ada = await market.person('provider', 1)
  const tab = await market.connect(ada)
  await explained(ada, 'ACTIVE')
  flags.set('off')
  const off = await explained(ada, 'SWITCHED_OFF')
  expect(off).toMatchObject({
    status: 'offline',
    sessions: [],
    cause: { is_trouble: false },
    views: { stranger: { online_status: 'offline', last_seen: null } },
  })
  expect(off.cause.sentence).toBe(
    'The flag of the host says that presence is off for them: others are shown somebody who is offline and whose last seen is not known. A connection of theirs stands at this node, and is told nothing.',
  )
  tab.leave()
  await market.untilConnections(0)
  expect((await explained(ada, 'SWITCHED_OFF')).cause.sentence).not.toContain('connection')
  flags.set('on')
  await explained(ada, 'LEFT')
})

test('R70 R71 of two who are both connected, the percentage lets in one: the other is out of it', async () => {
  const people = await Promise.all(Array.from({ length: 20 }, (_one, i) => market.person('provider', i)))
  const isOn = ({ id }: Person) => market.server.presence.verbs.isOn(id)
  flags.set(staffAnd(30))
  const on = await eventually(
    () => Promise.all(people.map(async (person) => isOn(person))),
    (decided) => decided.includes(false),
  )
  const [inside, outside] = [people[on.indexOf(true)] as Person, people[on.indexOf(false)] as Person]
  await market.connect(inside)
  await market.connect(outside, {}, false)
  expect(await explained(inside, 'ACTIVE')).toMatchObject({ status: 'online' })
  expect(await explained(outside, 'SWITCHED_OFF')).toMatchObject({ status: 'offline', sessions: [] })
  flags.set(staffAnd(100))
  expect(await explained(outside, 'ACTIVE')).toMatchObject({ status: 'online' })
})
