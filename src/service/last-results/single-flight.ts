/** Runs work that many ask for at the same time once for all of them. */
export interface SingleFlight<Result> {
  /**
   * Answers with the outcome of work under this key that began after the call. So whoever asks while it runs shares the next run with
   * all who do, and never hears what was read before they asked: what was just acknowledged to somebody is in it (R32).
   */
  join(key: string, work: () => Promise<Result>): Promise<Result>
}

interface Flight<Result> {
  readonly running: Promise<unknown>
  next: Promise<Result> | null
}

/** At most one run a key at a time, and one that waits for it. */
export function createSingleFlight<Result>(): SingleFlight<Result> {
  const flights = new Map<string, Flight<Result>>()

  function start(key: string, work: () => Promise<Result>): Promise<Result> {
    const result = work()
    const forget = (): void => {
      // Whoever waits begins now, in the place of this one.
      if (flights.get(key) === flight && flight.next === null) flights.delete(key)
    }
    const flight: Flight<Result> = { running: result.then(forget, forget), next: null }
    flights.set(key, flight)
    return result
  }

  return {
    join(key, work) {
      const flight = flights.get(key)
      if (!flight) return start(key, work)
      flight.next ??= flight.running.then(() => start(key, work))
      return flight.next
    },
  }
}
