import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{src,demo,ops,test,bench}/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    globalSetup: ['test/support/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // One PostgreSQL serves the whole run, and small machines have two cores.
    maxWorkers: 2,
  },
})
