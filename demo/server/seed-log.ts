import type { Logger } from '../../src/telemetry/logger.ts'

/** Says each tenth of a seed once. */
export function seedProgress(log: Pick<Logger, 'info'>) {
  let said = 0
  return (done: number, total: number) => {
    const tenth = Math.floor((10 * done) / total)
    if (tenth === said) return
    said = tenth
    log.info({ done, total }, 'seeding the demo marketplace')
  }
}
