/** How often something may happen within a window. */
export interface Quota {
  /** What it is of: part of the keys it is counted under. */
  readonly name: string
  /** How often. */
  readonly points: number
  /** Milliseconds, in whole seconds. */
  readonly windowMs: number
}

/** Counts what happens, for limits that are asked less often than events. */
export interface Counters {
  /**
   * Counts it. The window begins with the first of it, and ends whatever comes later.
   *
   * @param key whose it is; what is stored tells nothing about it without the key itself (R35)
   * @returns 0 within the quota, else the milliseconds until the window ends
   */
  spend(quota: Quota, key: string): Promise<number>
  /** Closes the quota to this key from now on. @param ms for how long, in whole seconds */
  close(quota: Quota, key: string, ms: number): Promise<void>
}
