import { readFileSync } from 'node:fs'

/** Resident memory of a process in KiB, or null where the operating system does not tell. */
export function readRssKb(pid: number): number | null {
  if (process.platform !== 'linux') return null
  // The roll-up is exact; `status` counts in batches for each thread, and is read where the other may not be.
  for (const [file, label] of [
    ['smaps_rollup', 'Rss'],
    ['status', 'VmRSS'],
  ] as const) {
    try {
      return kbOf(readFileSync(`/proc/${pid}/${file}`, 'utf8'), label)
    } catch (error) {
      if (file === 'status') throw error
    }
  }
  return null
}

/** A line such as `Rss:  1234 kB`. */
export function kbOf(text: string, label: string): number {
  const found = new RegExp(`^${label}:\\s+(\\d+) kB$`, 'm').exec(text)
  if (!found) throw new Error(`No line "${label}: … kB" in: ${text.slice(0, 200)}`)
  return Number(found[1])
}
