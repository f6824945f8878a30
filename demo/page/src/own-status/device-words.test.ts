import type { DeviceSession } from 'porchlight/protocol'
import { expect, test } from 'vitest'
import { deviceName, placeInTime } from './device-words.ts'

test.each<[deviceId: string | null, type: DeviceSession['device_type'], here: string, words: string]>([
  ['laptop', 'web', 'laptop', 'this browser, now'],
  ['laptop', 'web', 'laptop-tab1', 'another tab of this browser, 2 hours ago'],
  ['phone', 'mobile', 'phone', 'this phone, now'],
  ['laptop-tab1', 'web', 'laptop-tab1', 'this browser, now'],
  ['laptop-tab2', 'web', 'laptop-tab1', 'another tab of this browser, 2 hours ago'],
  ['phone', 'mobile', 'laptop-tab1', '2 hours ago'],
  [null, 'desktop', 'laptop', '2 hours ago'],
])('a session of %s (%s), seen from %s, is %s', (device_id, device_type, here, words) => {
  expect(placeInTime(session({ device_id, device_type }), here, '2 hours ago')).toBe(words)
})

test('a device is called as the server calls it, else by what its browser says', () => {
  const agent = 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36'
  expect(deviceName(session({ device_name: 'Firefox on Linux', user_agent: agent }))).toBe('Firefox on Linux')
  expect(deviceName(session({ user_agent: agent }))).toBe('Chrome on Windows')
  expect(deviceName(session({ device_type: 'mobile' }))).toBe('A phone')
})

function session(part: Partial<DeviceSession>): DeviceSession {
  const at = '2026-01-01T00:00:00Z'
  return {
    id: '1',
    device_type: 'web',
    device_id: null,
    device_name: null,
    ip_address: null,
    user_agent: null,
    connected_at: at,
    last_active_at: at,
    last_ping: at,
    is_active: true,
    ...part,
  }
}
