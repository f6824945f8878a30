import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks per second in which Linux counts CPU time. */
let ticksPerSecond: number | null = null

/**
 * CPU time that a process used since its start, user and system, all threads together, in milliseconds. Null where the
 * operating system does not tell.
 *
 * The scheduler counts in nanoseconds for each thread that lives, and Node keeps its threads. Without it there is the process's
 * own account, in steps of 10 ms.
 */
export function readCpuMs(pid: number): number | null {
  if (process.platform !== 'linux') return null
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    return threads.reduce((sum, id) => sum + threadMsOf(readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8')), 0)
  } catch {
    return readCoarseCpuMs(pid)
  }
}

/** The same from the process's own account, which also has threads that ended. */
export const readCoarseCpuMs = (pid: number): number =>
  cpuMsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'), (ticksPerSecond ??= askTicksPerSecond()))

/** The first number of `/proc/<pid>/task/<id>/schedstat`: nanoseconds on a CPU. */
export function threadMsOf(schedstat: string): number {
  const ns = Number(schedstat.split(' ')[0])
  if (!Number.isFinite(ns)) throw new Error(`This is no schedstat: ${schedstat}`)
  return ns / 1e6
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
