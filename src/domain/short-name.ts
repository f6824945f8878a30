const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** What every short name looks like. */
export const SHORT_NAME_LENGTH = 8

/**
 * Eight characters of the URL-safe base64 alphabet that stand for a longer name where a few hundred have to be told apart: 48 bits of
 * a hash that mixes well (cyrb53 by bryc, public domain).
 */
export function shortName(name: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return fourCharacters(high) + fourCharacters(low)
}

/** The lowest 24 bits. */
const fourCharacters = (bits: number): string =>
  [18, 12, 6, 0].map((shift) => ALPHABET.charAt((bits >>> shift) & 63)).join('')
