// npm run noninterference -- [--pairs 5000] [--seed 1] [--samples 2000]
import { join } from 'node:path'
import './install.js'

try {
  const { runSource } = await import('./run-source.js')
  process.exitCode = await runSource(join('test', 'noninterference', 'main.ts'), process.argv.slice(2))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
