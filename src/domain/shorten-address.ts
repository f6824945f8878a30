/** Bits of an address that are kept: a street of it, not the house. */
const KEPT_V4 = 24
const KEPT_V6 = 48

/**
 * An IP address without what tells one connection from its neighbours: `203.0.113.9` is `203.0.113.0/24`, IPv6 keeps 48 bits (R35).
 * What is no address is not kept at all; what was shortened stays as it is.
 */
export function shortenAddress(address: string | null): string | null {
  if (address === null) return null
  const [given = '', bits, ...more] = address.split('/')
  // A zone names an interface of the host that saw it.
  const [bare = ''] = given.split('%')
  if (more.length > 0) return null
  const v4 = bytesOf(/^::ffff:(?=\d+\.)/i.test(bare) ? bare.slice(7) : bare)
  if (v4) return fits(bits, KEPT_V4) ? `${v4.slice(0, 3).join('.')}.0/${KEPT_V4}` : null
  const v6 = groupsOf(bare)
  return v6 && fits(bits, KEPT_V6) ? `${wordGroups(v6.slice(0, 3))}/${KEPT_V6}` : null
}

const fits = (bits: string | undefined, kept: number): boolean => bits === undefined || bits === String(kept)

function bytesOf(text: string): number[] | null {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return null
  return parts.map(Number)
}

/** The eight groups of an IPv6 address, or null. */
function groupsOf(text: string): number[] | null {
  // The last 32 bits may be written as IPv4; they are never kept.
  const hex = text.replace(/(?<=:)\d+\.\d+\.\d+\.\d+$/, (v4) => (bytesOf(v4) ? '0:0' : 'x'))
  const halves = hex.split('::')
  if (halves.length > 2) return null
  const [head = [], tail] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const groups =
    tail === undefined
      ? head
      : [...head, ...Array<string>(Math.max(1, 8 - head.length - tail.length)).fill('0'), ...tail]
  if (groups.length !== 8 || !groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return null
  return groups.map((group) => Number.parseInt(group, 16))
}

/** The first groups of an address whose others are zero. */
function wordGroups(groups: readonly number[]): string {
  const last = groups.findLastIndex((group) => group !== 0)
  return `${groups
    .slice(0, last + 1)
    .map((group) => group.toString(16))
    .join(':')}::`
}
