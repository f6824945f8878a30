import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * When a living process started, as opaque text that differs from any other process that had the same id;
 * null when there is none. A zombie counts as dead: it holds no file and serves nobody.
 */
export function startTimeOf(pid: number): string | null {
  return process.platform === 'linux' ? linuxStartTime(pid) : portableStartTime(pid)
}

export const isAlive = (pid: number): boolean => startTimeOf(pid) !== null

/** The words a process was started with, in one line; empty when there is no such process. */
export function commandLineOf(pid: number): string {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    return ps(pid, 'command=')
  } catch {
    return ''
  }
}

function linuxStartTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field is the name in brackets and may hold spaces and brackets itself: count from the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const state = fields[0]
    return state === 'Z' || state === 'X' ? null : (fields[19] ?? null)
  } catch {
    return null
  }
}

function portableStartTime(pid: number): string | null {
  try {
    const answer = ps(pid, 'state=,lstart=')
    return answer === '' || answer.startsWith('Z') ? null : answer.replace(/^\S+\s+/, '')
  } catch {
    return null
  }
}

const ps = (pid: number, columns: string): string =>
  execFileSync('ps', ['-o', columns, '-p', String(pid)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
