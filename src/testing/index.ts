/**
 * `import … from 'porchlight/testing'`: people who come and go in your own tests; see `docs/testing.md`.
 *
 * @module testing
 */

export type { HeardEvent } from './ear.ts'
export { type ClockFollower, type FakeClock, fakeClock } from './fake-clock.ts'
export { startTestPresence, type TestPresence, type TestPresenceOptions } from './start-test-presence.ts'
export type { TestClient, TestDevice } from './test-client.ts'
