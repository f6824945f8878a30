/** The options that the pure rules need, resolved. Milliseconds unless the name says otherwise. */
export interface Rules {
  readonly graceMs: number
  readonly mobileGraceMs: number
  readonly idleAfterMs: number
  readonly activityFlushMs: number
  readonly maxSessionsPerUser: number
}
