export interface NodeSettings {
  readonly databaseUrl: string
  readonly secret: string
  /** Null: the app as it was before presence. */
  readonly presence: { readonly redis: string; readonly flags: string } | null
}

/** What a node of the host's app can be asked. */
export type NodeVerbs = {
  /** Listens. @returns the port */
  start(settings: NodeSettings): Promise<number>
  /** For whom of these presence is on: of whoever is connected here, whether they are let in. */
  whoIsOn(userIds: readonly string[]): Promise<readonly string[]>
  stop(): Promise<void>
}
