import { start, stop } from './app.js'

console.log(`Fixit listens on ${await start(process.env.PORT ?? 4000)}`)
process.once('SIGTERM', stop)
