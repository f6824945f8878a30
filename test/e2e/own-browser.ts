import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { type BrowserContext, chromium } from 'playwright-core'
import { EXECUTABLE, FLAGS } from './browser.ts'

/** A browser as a person has it: the tab in front is seen, the others are not, and the driver changes nothing of that. */
export interface OwnBrowser {
  readonly context: BrowserContext
  /** Stops every process of it, as a closed lid does. */
  sleep(): Promise<void>
  wake(): Promise<void>
  close(): Promise<void>
}

export async function launchOwnBrowser(): Promise<OwnBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'porchlight-browser-'))
  const places = ['--remote-debugging-port=0', `--user-data-dir=${profile}`]
  const root = spawn(EXECUTABLE, [...FLAGS, ...places, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] })
  const signal = async (name: 'SIGSTOP' | 'SIGCONT'): Promise<void> => {
    // Parents first, so that none of them notices.
    for (const pid of await familyOf(root.pid ?? 0)) process.kill(pid, name)
  }
  const browser = await chromium.connectOverCDP(await debuggerOf(root), { noDefaults: true })
  const [context] = browser.contexts()
  if (!context) throw new Error('The browser has no profile.')
  return {
    context,
    sleep: () => signal('SIGSTOP'),
    wake: () => signal('SIGCONT'),
    async close() {
      const ended = once(root, 'exit')
      await signal('SIGCONT')
      await (await browser.newBrowserCDPSession()).send('Browser.close')
      await ended
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function debuggerOf({ stderr }: ChildProcess): Promise<string> {
  if (stderr) {
    for await (const line of createInterface({ input: stderr })) {
      const [, address] = /^DevTools listening on (ws:.*)$/.exec(line) ?? []
      // Nobody reads on, and a full pipe would stop the browser.
      if (address) return (stderr.resume(), address)
    }
  }
  throw new Error('The browser ended before it listened.')
}

/** A process and all that came from it, parents before their children. */
async function familyOf(root: number): Promise<readonly number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid='])
  const all = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  const family = [root]
  for (const parent of family) {
    for (const [pid, ppid] of all) if (pid !== undefined && ppid === parent) family.push(pid)
  }
  return family
}
