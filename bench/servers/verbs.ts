/** Changes that a server makes by itself, so that no client's request is part of what is measured. */
export interface ChangePlan {
  /** Ids of the users who come and go. */
  readonly users: readonly string[]
  /** Whose turn it is, as positions in `users`; begins anew at its end. */
  readonly sequence: readonly number[]
  readonly perSecond: number
  /** Most changes in one turn of the event loop. What is overdue beyond them is left out, not caught up with. */
  readonly burst: number
  /** Leaves out turns while the network has not taken what was written, where the server itself does not see to it. */
  readonly awaitNetwork?: boolean
}

/** What was made of a plan. */
export interface ChangesMade {
  readonly made: number
  readonly failed: number
  /** For each user of the plan how often they changed. */
  readonly times: readonly number[]
  /** Whether each user is present now. */
  readonly present: readonly boolean[]
}

export interface ServerSettings {
  readonly databaseUrl: string
  readonly secret: string
  /** Environment variables of the server under test. */
  readonly options: Readonly<Record<string, string>>
}

/** What every server of a bench can be asked. A type, because interfaces are no records. */
export type ServerVerbs = {
  /** Listens. @returns the port */
  start(settings: ServerSettings): Promise<number>
  /** Makes every user of the plan present, or absent, without a pace. */
  setAll(users: readonly string[], present: boolean): Promise<void>
  startChanges(plan: ChangePlan): void
  stopChanges(): Promise<ChangesMade>
  /** Lets these users be active in turn, so many times a second altogether. */
  startActivities(users: readonly string[], perSecond: number): void
  /** @returns how many there were */
  stopActivities(): Promise<number>
  connections(): number
  /** Events that were above a limit. */
  refused(): Promise<number> | number
  stop(): Promise<void>
}
