import type { PresenceClient } from '../client/contract.ts'
import { usePresenceContext } from './presence-context.ts'

/** The client of the provider around, for what needs no rendering: seeding, announcing changes, the list of devices. */
export const usePresenceClient = (): PresenceClient => usePresenceContext().client
