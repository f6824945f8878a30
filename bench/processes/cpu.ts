import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Clock ticks per second in which Linux counts CPU time. */
let ticksPerSecond: number | null = null

/**
 * CPU time that a process used since its start, all its threads together and those that ended, user and system, in
 * milliseconds. It moves in steps of 10 ms. Null where the operating system does not tell.
 */
export function readCpuMs(pid: number): number | null {
  if (process.platform !== 'linux') return null
  return cpuMsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'), (ticksPerSecond ??= askTicksPerSecond()))
}

/** Fields 14 and 15 of `/proc/<pid>/stat`, see proc(5). A name in field 2 may hold spaces and brackets. */
export function cpuMsOf(stat: string, perSecond: number): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [user, system] = [Number(fields[11]), Number(fields[12])]
  if (!Number.isFinite(user) || !Number.isFinite(system)) throw new Error(`This is no /proc/<pid>/stat: ${stat}`)
  return ((user + system) * 1_000) / perSecond
}

function askTicksPerSecond(): number {
  const answer = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return Number.isFinite(answer) && answer > 0 ? answer : 100
}
