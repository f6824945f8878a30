// npm run test:cluster -- [--full] [--times 20] [--keep-going] [--workers 3] [file …] [-t name]
import { parseArgs } from 'node:util'
import './install.js'

const OPTIONS = {
  full: { type: 'boolean', default: false },
  times: { type: 'string', default: '1' },
  'keep-going': { type: 'boolean', default: false },
  workers: { type: 'string', default: '2' },
  testNamePattern: { type: 'string', short: 't' },
}

try {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true })
  for (const option of ['times', 'workers']) {
    if (!/^[1-9]\d{0,3}$/.test(values[option])) {
      throw new Error(`--${option} is a whole number, not "${values[option]}"`)
    }
  }
  const files = positionals.length > 0 ? positionals : ['test/cluster/']
  const named = values.testNamePattern === undefined ? [] : ['-t', values.testNamePattern]
  const args = [...files, ...named, '--maxWorkers', values.workers]
  process.exitCode = await runAgainAndAgain(args, values)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

/** What happens once by chance has to happen each time. @returns the exit code of the first run that failed, or 0 */
async function runAgainAndAgain(args, { full, times, 'keep-going': keepGoing }) {
  const { ensureNginx, ensureRedis } = await import('./programs.js')
  const { runVitest } = await import('./vitest.js')
  const { build } = await import('./build.js')
  await build()
  const programs = { REDIS_SERVER_PATH: ensureRedis(), NGINX_PATH: ensureNginx() }
  const env = { ...process.env, ...programs, CLI_BUILT: '1', ...(full && { CLUSTER_FULL: '1' }) }
  const codes = []
  for (let run = 1; run <= Number(times); run += 1) {
    const startedAt = performance.now()
    const code = await runVitest(args, env)
    codes.push(code)
    const seconds = Math.round((performance.now() - startedAt) / 1_000)
    console.log(`Run ${run} of ${times} ${code === 0 ? 'passed' : `failed (${code})`} after ${seconds} s`)
    // Ctrl-C means all of them.
    if (code > 128 || (code !== 0 && !keepGoing)) break
  }
  const failures = codes.filter((code) => code !== 0)
  console.log(`${codes.length - failures.length} of ${times} passed`)
  return failures[0] ?? 0
}
