import type { Client } from '@openfeature/server-sdk'
import type { Attributes } from './contract.ts'

/** Where a host keeps the rule for whom presence is switched on: a file, or a provider of its own. */
export interface FlagSource {
  /** A file with flagd definitions. It is watched: what is written there holds within a second, without a restart. */
  file?: string
  /** Instead of the file: a client of OpenFeature, by whatever provider the host has set for it. */
  client?: Client
  /** Name of the flag, whose values are true and false. @default 'presence' */
  key?: string
  /** What holds while the provider cannot say, for those of whom it never said anything. @default false */
  fallback?: boolean
  /**
   * What rules may go by beside the id: roles, cities. It is asked about users, not about their tokens, because every node has to come to
   * the same decision, about people who are not there, too. Many at once; whoever is left out has no attributes.
   */
  attributes?: (
    userIds: readonly string[],
  ) => Readonly<Record<string, Attributes>> | Promise<Readonly<Record<string, Attributes>>>
}
