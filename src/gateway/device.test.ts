import { describe, expect, test } from 'vitest'
import { deviceNameOf, deviceTypeOf, userAgentFamily } from './device.ts'
import { deviceInfoOf } from './socket/device-info.ts'

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36'
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1'
const IPAD =
  'Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.0 Mobile/15E148 Safari/604.1'
const ELECTRON =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) App/1.0 Chrome/140.0.0.0 Electron/38.0.0 Safari/537.36'

describe('a device', () => {
  test.each([
    [CHROME, 'Chrome'],
    [IPHONE, 'Safari'],
    ['Chrome', 'Chrome'],
    ["Ben's own client/8.1 (his phone)", null],
    ['node', null],
    ['', null],
    [null, null],
  ])('R35 of the user agent %s the family %s is kept', (userAgent, family) => {
    expect(userAgentFamily(userAgent)).toBe(family)
  })

  test.each([
    [CHROME, 'web'],
    [IPHONE, 'mobile'],
    [IPAD, 'mobile'],
    [ELECTRON, 'desktop'],
    ['node', 'web'],
    [null, 'web'],
  ])('is told by its user agent %s: %s', (userAgent, type) => {
    expect(deviceTypeOf(userAgent)).toBe(type)
  })

  test.each([
    [CHROME, 'Chrome on Windows'],
    [IPHONE, 'Safari on iOS'],
    ['', null],
    [null, null],
  ])('has a name that its owner recognises %s: %s', (userAgent, name) => {
    expect(deviceNameOf(userAgent)).toBe(name)
  })

  test('R52 is what the handshake says, and the user agent where that is nonsense', () => {
    const handshake = { address: '10.0.0.7', headers: { 'user-agent': IPHONE } }
    expect(deviceInfoOf({ ...handshake, auth: { device_type: 'desktop', device_id: 'd1', format: 'diff' } })).toEqual({
      deviceType: 'desktop',
      deviceId: 'd1',
      ipAddress: '10.0.0.7',
      userAgent: IPHONE,
      format: 'diff',
    })
    expect(deviceInfoOf({ ...handshake, auth: { device_type: 'fridge' } }).deviceType).toBe('mobile')
  })
})
