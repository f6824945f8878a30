import type { ConnectionInfo } from '../client/contract.ts'
import { usePresenceContext } from './presence-context.ts'
import { useReadable } from './use-readable.ts'

const NOT_OPENED: ConnectionInfo = { state: 'closed', reason: 'not-opened' }

/** Where the live connection stands, for a bar that says so. On a server it is not opened. */
export const useConnection = (): ConnectionInfo => useReadable(usePresenceContext().client.connection, NOT_OPENED)
