// npm run bench -- [b1 b3 …] [--reps 5] [--quick] [--check]
import { join } from 'node:path'
import './install.js'

try {
  const { build } = await import('./build.js')
  const { ensureNginx, ensureRedis } = await import('./programs.js')
  const { runSource } = await import('./run-source.js')
  process.env.REDIS_SERVER_PATH = ensureRedis()
  process.env.NGINX_PATH = ensureNginx()
  await build()
  process.exitCode = await runSource(join('bench', 'main.ts'), process.argv.slice(2))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
