import { expect, test } from 'vitest'
import { createFrameReader } from './frames.ts'
import { createTally } from './tally.ts'
import { frameAt, maskedFrame } from './web-socket.ts'

const diff = (...users: string[]): Buffer => {
  const timestamp = '2026-01-01T00:00:00.000Z'
  const changed = users.map((userId) => ({ userId, status: 'online', timestamp, last_seen: null, version: '1' }))
  return Buffer.from(`42${JSON.stringify(['presenceDiff', { changed }])}`)
}

test('frames are recognised, acknowledgements by their number', () => {
  const read = createFrameReader()
  const kinds = ['2', '0{"sid":"a"}', '40{"sid":"b"}', '42["resync"]', '4317[{"ok":true}]', '44{"message":"no"}']
  expect(kinds.map((text) => read(Buffer.from(text)))).toMatchObject([
    { kind: 'ping' },
    { kind: 'open' },
    { kind: 'joined' },
    { kind: 'event', name: 'resync' },
    { kind: 'ack', id: 17 },
    { kind: 'refused' },
  ])
})

test('a frame that was read before is not read again, unless its bytes differ', () => {
  const read = createFrameReader()
  // The reader's buffer is overwritten between two frames.
  const lent = diff('alice')
  const first = read(lent)
  diff('bobby').copy(lent)
  expect(read(lent)).toMatchObject({ updates: [{ userId: 'bobby' }] })
  expect(read(diff('alice', 'bobby'))).toMatchObject({ updates: [{ userId: 'alice' }, { userId: 'bobby' }] })
  const again = read(diff('bobby'))
  expect(read(diff('bobby'))).toBe(again)
  expect(first).toMatchObject({ updates: [{ userId: 'alice', status: 'online', at: 1_767_225_600_000 }] })
})

test('a tally tells delays that half, and nearly all, did not exceed', () => {
  const tally = createTally()
  const heard = (delay: number) => ({ userId: 'a', status: 'online', at: 1_000 - delay })
  tally.heard(
    Array.from({ length: 98 }, () => heard(4)),
    1_000,
  )
  tally.heard([heard(30), heard(70)], 1_000)
  tally.frame(100)
  expect(tally.read()).toMatchObject({ updates: 100, frames: 1, bytes: 100, p50Ms: 4, p99Ms: 30 })
  tally.reset()
  expect(tally.read()).toMatchObject({ updates: 0, p50Ms: null, p99Ms: null })
})

test('WebSocket frames of every size are found, and only when they are complete', () => {
  for (const size of [0, 125, 126, 65_535, 65_536]) {
    const head =
      size < 126
        ? [0x81, size]
        : size < 65_536
          ? [0x81, 126, size >> 8, size & 255]
          : [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]
    const bytes = Buffer.concat([Buffer.from([0]), Buffer.from(head), Buffer.alloc(size)])
    expect(frameAt(bytes, 1)).toEqual({ opcode: 0x81, start: 1 + head.length, end: bytes.length })
    expect(frameAt(bytes.subarray(0, -1), 1)).toBeNull()
  }
})

test('a client says that it masks, as it must', () => {
  expect([...maskedFrame(0x81, Buffer.from('3'))]).toEqual([0x81, 0x81, 0, 0, 0, 0, 0x33])
  expect(maskedFrame(0x81, Buffer.alloc(300)).subarray(0, 4)).toEqual(Buffer.from([0x81, 0xfe, 1, 44]))
  expect(maskedFrame(0x81, Buffer.alloc(65_536)).subarray(0, 10)).toEqual(
    Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]),
  )
})
