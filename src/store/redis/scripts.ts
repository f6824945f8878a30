import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A Lua script; the head of its file explains keys and arguments. */
export interface Script {
  readonly text: string
  /** By which Redis knows it once it has seen it. */
  readonly sha: string
}

function load(name: string): Script {
  const text = readFileSync(new URL(`scripts/${name}.lua`, import.meta.url), 'utf8')
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

export const SCRIPTS = {
  attend: load('attend'),
  commit: load('commit'),
  lease: load('lease'),
  projected: load('projected'),
  rollCall: load('roll-call'),
  survey: load('survey'),
} as const
