import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type BrowserContext, chromium } from 'playwright-core'
import { EXECUTABLE, FLAGS } from './browser.ts'

/** A browser as a person has it: the tab in front is seen, the others are not, and the driver changes nothing of that. */
export interface OwnBrowser {
  readonly context: BrowserContext
  /** Stops every process of it, as a closed lid does. */
  sleep(): void
  wake(): void
  close(): Promise<void>
}

export async function launchOwnBrowser(): Promise<OwnBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'porchlight-browser-'))
  const places = ['--remote-debugging-port=0', `--user-data-dir=${profile}`]
  // A group of its own, so that one signal reaches all its processes at once.
  const root = spawn(EXECUTABLE, [...FLAGS, ...places, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  const signal = (name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void => {
    if (root.pid !== undefined && root.exitCode === null) process.kill(-root.pid, name)
  }
  const onExit = (): void => signal('SIGKILL')
  process.once('exit', onExit)
  const browser = await chromium.connectOverCDP(await debuggerOf(root), { noDefaults: true })
  const [context] = browser.contexts()
  if (!context) throw new Error('The browser has no profile.')
  return {
    context,
    sleep: () => signal('SIGSTOP'),
    wake: () => signal('SIGCONT'),
    async close() {
      const ended = once(root, 'exit')
      signal('SIGCONT')
      await (await browser.newBrowserCDPSession()).send('Browser.close')
      await ended
      process.off('exit', onExit)
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function debuggerOf({ stderr }: ChildProcess): Promise<string> {
  if (!stderr) throw new Error('The browser has no voice.')
  let address: string | undefined
  for await (const line of createInterface({ input: stderr })) {
    address = /^DevTools listening on (ws:.*)$/.exec(line)?.[1]
    if (address) break
  }
  if (!address) throw new Error('The browser ended before it listened.')
  // Nobody reads on, and a full pipe would stop the browser.
  stderr.resume()
  return address
}
