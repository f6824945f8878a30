import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { addressKey, addressReader, type TrustProxy } from './address.ts'

const request = (from: string | undefined, forwarded?: string) =>
  ({
    socket: { remoteAddress: from },
    connection: { remoteAddress: from },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage

test.each<[name: string, trust: TrustProxy, from: string, forwarded: string | undefined, expected: string]>([
  ['nobody is believed by default', false, '10.0.0.1', '6.6.6.6', '10.0.0.1'],
  ['one hop: the last address, whatever the client wrote before it', 1, '10.0.0.1', '6.6.6.6, 2.2.2.2', '2.2.2.2'],
  ['two hops', 2, '10.0.0.1', '6.6.6.6, 2.2.2.2, 10.0.0.2', '2.2.2.2'],
  ['a network of proxies', ['10.0.0.0/8'], '10.0.0.1', '6.6.6.6, 2.2.2.2, 10.9.9.9', '2.2.2.2'],
  ['somebody who is none of the proxies', ['10.0.0.0/8'], '3.3.3.3', '6.6.6.6', '3.3.3.3'],
  ['a proxy that says nothing', 1, '10.0.0.1', undefined, '10.0.0.1'],
])('R53 finds the address of a client: %s', (_name, trust, from, forwarded, expected) => {
  expect(addressReader(trust)(request(from, forwarded))).toBe(expected)
})

test.each<TrustProxy>([false, 1, ['10.0.0.0/8']])(
  'R52 somebody who has gone meanwhile comes from nowhere (%j)',
  (trust) => {
    expect(addressReader(trust)(request(undefined))).toBe('')
  },
)

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0DB8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
])('R53 counts %s as %s: who has an IPv6 network has all its addresses', (address, key) => {
  expect(addressKey(address)).toBe(key)
})
