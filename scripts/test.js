import { runTests } from './run-tests.js'

try {
  process.exitCode = await runTests(process.argv.slice(2))
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
