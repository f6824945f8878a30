import { build } from './build.js'
import { ensureChromium, ensureNginx, ensureRedis } from './programs.js'
import { runVitest } from './vitest.js'

/** Runs tests with all that they need. @returns the exit code */
export async function runTests(args) {
  const programs = {
    CHROMIUM_PATH: ensureChromium(),
    REDIS_SERVER_PATH: ensureRedis(),
    NGINX_PATH: ensureNginx(),
  }
  await build()
  return runVitest(args, { ...process.env, ...programs, CLI_BUILT: '1' })
}
