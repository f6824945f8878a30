/**
 * `import … from 'porchlight/react'`: hooks and components; see `docs/react.md`.
 *
 * @module react
 */

'use client'

export { LastSeen, type LastSeenProps } from './last-seen.tsx'
export type { MyPresenceState, Refusal } from './my-presence.ts'
export { PresenceDot, type PresenceDotProps } from './presence-dot.tsx'
export { PresenceProvider, type PresenceProviderProps } from './presence-provider.tsx'
export { StatusMark, type StatusMarkProps } from './status-mark.tsx'
export { useConnection } from './use-connection.ts'
export { type MyPresence, useMyPresence } from './use-my-presence.ts'
export { type MySettings, useMySettings } from './use-my-settings.ts'
export { usePresence } from './use-presence.ts'
export { usePresenceClient } from './use-presence-client.ts'
export { usePresenceText } from './use-presence-text.ts'
export { usePresenceWords } from './use-presence-words.ts'
export { useProviders } from './use-providers.ts'
export type { UseProvidersOptions } from './use-providers-view.ts'
export { useRoster } from './use-roster.ts'
export { type SteadyProviders, useSteadyProviders } from './use-steady-providers.ts'
export { useTimeAgo } from './use-time-ago.ts'
export type { PresenceWords } from './words.ts'
