import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import type { BenchSettings } from '../arguments.ts'
import type { Outcome } from '../outcome.ts'

/** Writes the results where the settings say. */
export async function writeReport(outcomes: readonly Outcome[], { out, quick }: BenchSettings): Promise<void> {
  if (out === null) return
  await mkdir(out, { recursive: true })
  const machine = {
    cpus: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
  }
  await writeFile(join(out, 'results.json'), `${JSON.stringify({ quick, machine, outcomes }, null, 2)}\n`)
}
