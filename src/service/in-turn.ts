/** Runs work of one key in the order in which it came, and of different keys side by side. */
export function createTurns(): <Result>(key: string, work: () => Promise<Result>) => Promise<Result> {
  const last = new Map<string, Promise<unknown>>()

  async function forget(key: string, settled: Promise<unknown>): Promise<void> {
    await settled
    if (last.get(key) === settled) last.delete(key)
  }

  return (key, work) => {
    const before = last.get(key) ?? Promise.resolve()
    // What became of the one before is its caller's business.
    const mine = before.then(work, work)
    const settled = mine.catch(() => {})
    last.set(key, settled)
    void forget(key, settled)
    return mine
  }
}
