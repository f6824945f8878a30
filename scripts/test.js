import { build } from './build.js'
import { ensureChromium, ensureNginx, ensureRedis } from './programs.js'
import { runVitest } from './vitest.js'

try {
  const programs = {
    CHROMIUM_PATH: ensureChromium(),
    REDIS_SERVER_PATH: ensureRedis(),
    NGINX_PATH: ensureNginx(),
  }
  await build()
  process.exitCode = await runVitest(process.argv.slice(2), { ...process.env, ...programs, CLI_BUILT: '1' })
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
