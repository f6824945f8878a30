/** Where the live connection stands. `stale`: lost for so long that what is shown may be wrong. */
export type ConnectionState = 'closed' | 'connecting' | 'live' | 'stale'

/** `overdue`: connecting takes longer than a reload of the server, a lift or a tunnel does. */
export type ConnectionEvent = 'open' | 'accepted' | 'lost' | 'overdue' | 'close'

/** Every state answers every event; a missing cell does not compile. */
export const CONNECTION_TABLE: Record<ConnectionState, Record<ConnectionEvent, ConnectionState>> = {
  closed: { open: 'connecting', accepted: 'closed', lost: 'closed', overdue: 'closed', close: 'closed' },
  connecting: { open: 'connecting', accepted: 'live', lost: 'connecting', overdue: 'stale', close: 'closed' },
  live: { open: 'live', accepted: 'live', lost: 'connecting', overdue: 'live', close: 'closed' },
  stale: { open: 'stale', accepted: 'live', lost: 'stale', overdue: 'stale', close: 'closed' },
}
