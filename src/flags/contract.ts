/** What rules may tell users apart by, beside their id: a role, a city. */
export type Attributes = Readonly<Record<string, string | number | boolean>>

/** Says for whom presence is switched on, by rules that an operator changes while the system runs. */
export interface Flags {
  /** What holds while nobody can say, and nothing was said before. */
  readonly fallback: boolean
  /** @throws {PresenceError} INVALID_OPTION when the rules cannot be read */
  open(): Promise<void>
  /**
   * The same user with the same attributes gets the same answer by the same rules, on every node.
   *
   * @param userId null: somebody who is not known
   * @returns null when nobody can say at the moment
   */
  isOn(userId: string | null, attributes: Attributes): Promise<boolean | null>
  /** What the host knows of these users; whoever is left out has no attributes. */
  attributesOf(userIds: readonly string[]): Promise<ReadonlyMap<string, Attributes>>
  /** Hears that the rules may say something else now. @returns stops hearing */
  onChange(listener: () => void): () => void
  close(): Promise<void>
}
