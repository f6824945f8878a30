// npm run pictures: takes the pictures in docs/pictures anew, by the browser tests that take them.
import { copyFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import './install.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

try {
  const { runTests } = await import('./run-tests.js')
  process.exitCode = await runTests(['test/e2e/'])
  if (process.exitCode === 0) {
    const shown = join(root, 'docs', 'pictures')
    for (const name of readdirSync(shown)) {
      copyFileSync(join(root, 'test', 'e2e', 'screenshots', name), join(shown, name))
    }
  }
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
