import fc from 'fast-check'
import { isIP } from 'node:net'
import { describe, expect, test } from 'vitest'
import { shortenAddress } from './shorten-address.ts'

describe('shortenAddress', () => {
  test.each<[string | null, string | null]>([
    ['203.0.113.9', '203.0.113.0/24'],
    ['::ffff:203.0.113.9', '203.0.113.0/24'],
    ['2001:db8:85a3:8d3:1319:8a2e:370:7348', '2001:db8:85a3::/48'],
    ['2001:DB8::1', '2001:db8::/48'],
    ['fe80::1%eth0', 'fe80::/48'],
    ['::1', '::/48'],
    ['64:ff9b::192.0.2.33', '64:ff9b::/48'],
    ['0:0:1::9', '0:0:1::/48'],
    ['203.0.113.0/24', '203.0.113.0/24'],
    ['2001:db8::/48', '2001:db8::/48'],
    ['203.0.113.9/32', null],
    ['2001:db8::1::2', null],
    ['999.1.1.1', null],
    ['a host by its name', null],
    ['', null],
    [null, null],
  ])('R35 %s is kept as %s', (address, kept) => {
    expect(shortenAddress(address)).toBe(kept)
  })

  test('R35 whatever the address, it is shortened, and shortening again changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const kept = shortenAddress(address)
        const [network = '', bits] = kept?.split('/') ?? []
        expect(isIP(network)).toBe(address.includes(':') ? 6 : 4)
        expect(bits).toBe(address.includes(':') ? '48' : '24')
        expect(shortenAddress(kept)).toBe(kept)
      }),
    )
  })

  test('R35 neighbours cannot be told apart any more', () => {
    const [a, b] = ['2001:db8:1:2::7', '2001:db8:1:ffff:1:2:3:4'].map(shortenAddress)
    expect(a).toBe(b)
  })
})
