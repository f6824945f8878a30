import { randomUUID } from 'node:crypto'
import { type Client, NOOP_PROVIDER, OpenFeature, ProviderEvents } from '@openfeature/server-sdk'
import { PresenceError } from '../domain/errors.ts'
import type { Attributes, Flags } from './contract.ts'
import { flagFileProvider } from './flag-file.ts'
import type { FlagSource } from './flag-source.ts'

export interface FlagsOptions {
  /** Hears of a file that was changed to something that cannot be used, with a sentence. */
  readonly onRefused: (error: PresenceError) => void
}

/** After any of these a decision may be another one: providers that were away, or not ready yet, have their say, too. */
const NEWS = [ProviderEvents.ConfigurationChanged, ProviderEvents.Ready] as const

const NO_ATTRIBUTES: ReadonlyMap<string, Attributes> = new Map()

/**
 * Decides by OpenFeature: by a file of ours, or by the host's own client.
 *
 * @throws {PresenceError} INVALID_OPTION
 */
export function createOpenFeatureFlags(source: FlagSource, { onRefused }: FlagsOptions): Flags {
  const { key = 'presence', fallback = false, attributes } = source
  const opened = source.client ? ofHost(source.client) : ofFile(source.file, key, onRefused)
  const { client } = opened
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }

  return {
    fallback,
    async open() {
      await opened.open()
      for (const event of NEWS) client.addHandler(event, tell)
    },
    async isOn(userId, known) {
      const context = userId === null ? { ...known } : { ...known, targetingKey: userId }
      const { value, errorCode } = await client.getBooleanDetails(key, fallback, context)
      return errorCode === undefined ? value : null
    },
    async attributesOf(userIds) {
      if (!attributes || userIds.length === 0) return NO_ATTRIBUTES
      return new Map(Object.entries(await attributes(userIds)))
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      for (const event of NEWS) client.removeHandler(event, tell)
      await opened.close()
    },
  }
}

interface Opened {
  readonly client: Client
  open(): Promise<void>
  close(): Promise<void>
}

/** What the host set up, it takes down. */
const ofHost = (client: Client): Opened => ({ client, open: async () => {}, close: async () => {} })

function ofFile(file: string | undefined, key: string, onRefused: FlagsOptions['onRefused']): Opened {
  if (file === undefined) throw new PresenceError('INVALID_OPTION', 'flags: needs a file, or a client of OpenFeature.')
  // A name of our own: the host's providers in the same process stay as they are, and so does another system of ours.
  const domain = `porchlight ${randomUUID()}`
  return {
    client: OpenFeature.getClient(domain),
    open: () => OpenFeature.setProviderAndWait(domain, flagFileProvider(file, key, onRefused)),
    close: () => OpenFeature.setProviderAndWait(domain, NOOP_PROVIDER),
  }
}
