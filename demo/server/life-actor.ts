import { io, type Socket } from 'socket.io-client'
import type { ClientToServer, ServerToClient, StatusChange } from '../../src/protocol/index.ts'

/** A simulated provider who comes, works, is busy and goes, through a real socket like anybody else. */
export interface Actor {
  /** Whether a socket is open, or opening. */
  isHere(): boolean
  arrive(): void
  /** A sign of use; nobody else sees it. */
  act(): void
  choose(change: StatusChange): void
  /** Signs off properly. */
  leave(): void
  /** The train enters a tunnel: no goodbye. */
  vanish(): void
}

export interface ActorOptions {
  readonly url: string
  readonly userId: string
  readonly deviceType: 'web' | 'mobile'
  readonly signToken: (userId: string) => string | Promise<string>
  readonly onTrouble: (reason: string) => void
}

export function createActor({ url, userId, deviceType, signToken, onTrouble }: ActorOptions): Actor {
  const socket: Socket<ServerToClient, ClientToServer> = io(url, {
    autoConnect: false,
    transports: ['websocket'],
    // One engine connection each: by default sockets to the same address would share one.
    forceNew: true,
    reconnectionDelay: 1_000,
    reconnectionDelayMax: 30_000,
    auth: (give) => void authenticate(give),
  })

  async function authenticate(give: (data: object) => void): Promise<void> {
    try {
      give({ token: await signToken(userId), device_type: deviceType, device_id: `life-${userId}` })
    } catch (error) {
      socket.disconnect()
      onTrouble(`no token: ${String(error)}`)
    }
  }

  // Lost connections come back by themselves; after a refusal the socket is inactive until the next `arrive`.
  socket.on('connect_error', (error) => onTrouble(error.message))

  return {
    isHere: () => socket.active,
    arrive: () => void socket.connect(),
    act: () => void (socket.connected && socket.emit('activity')),
    choose(change) {
      if (!socket.connected) return
      socket.emit('setStatus', change, (reply) => {
        if (!reply.ok) onTrouble(reply.error.message)
      })
    },
    leave: () => void socket.disconnect(),
    vanish() {
      // Closing the transport below the socket is what a lost network looks like to the server. The socket would come
      // back on its own; without reconnection it stays away until the next `arrive`.
      socket.io.reconnection(false)
      socket.io.engine?.close()
      socket.disconnect()
      socket.io.reconnection(true)
    },
  }
}
