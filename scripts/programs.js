import { ensureProgram } from './debian-program.js'

/** A Chromium for the browser tests. @throws {Error} with a sentence that says how to get one */
export const ensureChromium = () =>
  ensureProgram({
    title: 'Chromium',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    places: ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
    packages: ['chromium', 'fonts-dejavu-core'],
    variable: 'CHROMIUM_PATH',
  })

/** A Redis, of which the tests start their own. @throws {Error} with a sentence that says how to get one */
export const ensureRedis = () =>
  ensureProgram({
    title: 'Redis',
    names: ['redis-server'],
    packages: ['redis-server'],
    variable: 'REDIS_SERVER_PATH',
  })

/** An nginx for the load balancer's tests. @throws {Error} with a sentence that says how to get one */
export const ensureNginx = () =>
  ensureProgram({ title: 'nginx', names: ['nginx'], packages: ['nginx-light'], variable: 'NGINX_PATH' })
