import type { Surroundings } from '../surroundings.ts'

/** Notices when the tab that leads says nothing any more although it lives: its main thread hangs, and no lock tells. */
export interface LeaderWatch {
  /** There is somebody to listen to: this tab does not lead. */
  start(): void
  /** The tab that leads said something, whatever it was. */
  heard(): void
  stop(): void
}

/** Milliseconds between two looks. They are counted, rather than the time: who hangs itself counts nothing. */
const LOOK_MS = 1_000
/** A look that comes later than this was held up here, and what the leading tab said may still be waiting to be heard. */
const HELD_UP_MS = 2_000
/** Quiet looks before asking, so that a busy channel is not asked at all, and a quiet one does not wake every tab. */
const ASK_AFTER = 3
/**
 * Quiet looks before the silence counts. Five seconds to answer in: no browser holds back messages for as long, and a page
 * that is only slow hardly ever works for as long without a pause. A mistake costs one connection, and nobody sees it.
 */
const SILENT_AFTER = ASK_AFTER + 5

/**
 * Asks and looks only while this page is seen: timers of hidden pages are slowed, and nobody is misled by them. When it is
 * seen again, it asks at once.
 *
 * @param silent told once for each start, with the epoch milliseconds at which the leading tab was heard last
 */
export function watchLeader(
  { document, timers }: Pick<Surroundings, 'document' | 'timers'>,
  ask: () => void,
  silent: (since: number) => void,
): LeaderWatch {
  let heardAt = 0
  let lookedAt = 0
  let quiet = 0
  let stopTimer = (): void => undefined

  const wait = (): void => {
    lookedAt = timers.now()
    stopTimer = timers.after(LOOK_MS, look)
  }

  const askAnew = (): void => {
    stopTimer()
    if (document?.visibilityState !== 'visible') return
    quiet = ASK_AFTER
    ask()
    wait()
  }

  const look = (): void => {
    if (timers.now() - lookedAt > HELD_UP_MS) return askAnew()
    quiet += 1
    if (quiet >= SILENT_AFTER) {
      stop()
      silent(heardAt)
      return
    }
    if (quiet === ASK_AFTER) ask()
    wait()
  }

  function stop(): void {
    stopTimer()
    document?.removeEventListener('visibilitychange', askAnew)
  }

  return {
    start() {
      stop()
      heardAt = timers.now()
      document?.addEventListener('visibilitychange', askAnew)
      askAnew()
    },
    heard() {
      heardAt = timers.now()
      quiet = 0
    },
    stop,
  }
}
