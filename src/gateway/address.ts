import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import proxyAddr from 'proxy-addr'

/** Which proxies are believed about whom a request comes from; as Express's `trust proxy`. False: none. */
export type TrustProxy = false | number | readonly string[]

/** Says where a request comes from, as far as trusted proxies tell. */
export type AddressOf = (request: IncomingMessage) => string

/** @param trust hops, or addresses and networks of proxies @throws TypeError for what is no address */
export function addressReader(trust: TrustProxy): AddressOf {
  const trusts = trustFunction(trust)
  // Node knows no address any more of a client who has gone, whatever the types say.
  return (request) => proxyAddr(request, trusts) ?? ''
}

/** The same in the form in which Express takes it. */
export function trustFunction(trust: TrustProxy): (address: string, hop: number) => boolean {
  if (trust === false) return () => false
  if (typeof trust === 'number') return (_address, hop) => hop < trust
  return proxyAddr.compile([...trust])
}

const MAPPED = /^::ffff:(?=\d+\.)/i
/** Groups of an IPv6 address that whoever has one was given with it: all addresses of such a network are theirs. */
const NETWORK_GROUPS = 4

/** What limits of an address go by: an IPv4 address, or the network of an IPv6 one, as a single client has all addresses of it. */
export function addressKey(address: string): string {
  const plain = address.replace(MAPPED, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = (plain.split('%')[0] ?? '').split('::')
  const before = head === '' ? [] : head.split(':')
  if (tail === undefined) return networkOf(before)
  const after = tail === '' ? [] : tail.split(':')
  return networkOf([...before, ...Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0'), ...after])
}

const networkOf = (groups: readonly string[]): string =>
  groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
