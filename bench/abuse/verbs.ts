/** What one abusive client does, as hard as it can. */
export const ABUSES = ['events', 'watches', 'connects', 'frames', 'deaf', 'searches'] as const
export type Abuse = (typeof ABUSES)[number]

export interface AbusePlan {
  readonly abuse: Abuse
  readonly port: number
  readonly secret: string
  /** Who it is. */
  readonly userId: string
  /** Ids of users to ask about. */
  readonly users: readonly string[]
  readonly forMs: number
}

export interface AbuseDone {
  /** Frames or requests sent. */
  readonly sent: number
  /** Times it was turned away, or cut off. */
  readonly turnedAway: number
}

/** What the abuser can be asked. */
export type AbuserVerbs = { abuse(plan: AbusePlan): Promise<AbuseDone> }
