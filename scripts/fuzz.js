// npm run fuzz -- [--inputs 100000] [--seed 1] [--limits on|off|both]
import { join } from 'node:path'
import './install.js'

try {
  const { build } = await import('./build.js')
  const { runSource } = await import('./run-source.js')
  await build()
  process.env.CLI_BUILT = '1'
  process.exitCode = await runSource(join('test', 'fuzz', 'main.ts'), process.argv.slice(2))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
