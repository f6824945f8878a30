export interface ProgressOutput {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** How far one piece of the work has come. */
export type ShowProgress = (what: string, done: number, total: number) => void

const WIDTH = 30
/** Where lines stay, a new one comes this often. */
const LINE_EVERY_MS = 5_000
/** On a terminal the same line is written anew this often. */
const REDRAW_EVERY_MS = 100

/**
 * Says how far a long work is, how fast it goes and how long the rest may take: on one line of a terminal, elsewhere on a line now and
 * then. Each piece has a rate of its own, of what was done since it was first heard of: an earlier run may have begun it.
 *
 * @param clock milliseconds
 */
export function createProgress(out: ProgressOutput, clock: () => number): ShowProgress {
  let piece = ''
  let since = 0
  let from = 0
  let saidAt = 0
  let wasOver = false

  return (what, done, total) => {
    const now = clock()
    if (what !== piece) {
      piece = what
      from = done
      since = saidAt = now
      wasOver = false
      // From here on the rate is known.
      if (done < total) return
    }
    if (wasOver) return
    const isOver = (wasOver = done >= total)
    if (!isOver && now - saidAt < (out.isTTY ? REDRAW_EVERY_MS : LINE_EVERY_MS)) return
    saidAt = now
    const words = `${what}: ${count(done)} of ${count(total)}${pace(done - from, total - from, now - since)}`
    out.write(out.isTTY ? `\r\u001b[K${bar(done / total)} ${words}${isOver ? '\n' : ''}` : `${words}\n`)
  }
}

function pace(done: number, total: number, elapsedMs: number): string {
  if (elapsedMs <= 0 || done === 0) return ''
  const perSecond = (done * 1_000) / elapsedMs
  const rate = `, ${count(Math.round(perSecond))} a second`
  return done >= total
    ? `${rate}, ${duration(elapsedMs)}`
    : `${rate}, ${duration(((total - done) * 1_000) / perSecond)} left`
}

function bar(share: number): string {
  const filled = Math.min(WIDTH, Math.round(share * WIDTH))
  return '█'.repeat(filled) + '░'.repeat(WIDTH - filled)
}

function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}

const count = (n: number): string => n.toLocaleString('en')
