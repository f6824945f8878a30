import { fileURLToPath } from 'node:url'
import { build } from './build.js'

const cli = import.meta.resolve('../dist/src/cli.js')

try {
  await build()
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
stopWithParent()
// In this very process, so that signals reach the server and nothing else has to be ended.
process.argv.splice(1, Infinity, fileURLToPath(cli), 'serve', ...process.argv.slice(2))
await import(cli)

/** npm that is killed without a word would leave a server behind that nobody sees, and that refuses the next start. */
function stopWithParent() {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    process.kill(process.pid, 'SIGTERM')
  }, 250)
  watch.unref()
}
