export interface Progress {
  /** A new piece of work begins. */
  readonly step: (what: string) => void
  /** A word about the piece under way. */
  readonly say: (what: string) => void
  readonly end: (how: string) => void
}

/** Says what runs, how far it is, and how long the rest may take. On a terminal it stays on one line. */
export function createProgress(steps: number, out: NodeJS.WriteStream = process.stderr): Progress {
  const since = performance.now()
  let done = -1
  let current = ''

  function show(text: string, lasting: boolean): void {
    if (out.isTTY) out.write(`\r\u001b[K${text}${lasting ? '\n' : ''}`)
    else out.write(`${text}\n`)
  }

  return {
    step(what) {
      done++
      current = `[${done + 1}/${steps}] ${what}${remaining(done, steps, performance.now() - since)}`
      show(current, false)
    },
    say: (what) => show(current === '' ? what : `${current} · ${what}`, false),
    end: (how) => show(`${how} after ${Math.round((performance.now() - since) / 1_000)} s`, true),
  }
}

/** In words, from the second piece on. */
function remaining(done: number, steps: number, elapsedMs: number): string {
  if (done < 1) return ''
  const seconds = Math.round(((elapsedMs / done) * (steps - done)) / 1_000)
  return `, about ${seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`} left`
}
