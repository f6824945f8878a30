import type { Socket } from 'socket.io'
import { parseHandshake } from '../../protocol/schemas/handshake.ts'
import type { DeviceInfo } from '../../service/verbs.ts'
import { cleanUserAgent, deviceTypeOf } from '../device.ts'

/** What a handshake tells of the device; what it does not say, or says wrongly, is read from the user agent. */
export function deviceInfoOf(handshake: Pick<Socket['handshake'], 'auth' | 'address' | 'headers'>): DeviceInfo {
  const { deviceType, deviceId, format } = parseHandshake(handshake.auth)
  const userAgent = cleanUserAgent(handshake.headers['user-agent'])
  return {
    deviceType: deviceType ?? deviceTypeOf(userAgent),
    deviceId,
    // An IPv4 address that came through an IPv6 socket is still an IPv4 address; a Unix socket has none.
    ipAddress: handshake.address?.replace(/^::ffff:(?=\d+\.)/, '') || null,
    userAgent,
    format,
  }
}
