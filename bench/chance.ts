/** Numbers from 0 up to 1 that look random and are the same in every run: mulberry32. */
export function seededChance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Draws positions below `count` by Zipf's law with exponent 1: the n-th is drawn in proportion to 1 / (n + 1). */
export function zipf(count: number, chance: () => number): () => number {
  const sums = new Float64Array(count)
  let sum = 0
  for (let n = 0; n < count; n++) sums[n] = sum += 1 / (n + 1)
  return () => {
    const wanted = chance() * sum
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Different positions, each drawn anew until it is new. */
export function differentOnes(howMany: number, draw: () => number): number[] {
  const drawn = new Set<number>()
  while (drawn.size < howMany) drawn.add(draw())
  return [...drawn]
}
