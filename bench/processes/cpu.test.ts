import { expect, test } from 'vitest'
import { cpuMsOf, readCoarseCpuMs, readCpuMs, threadMsOf } from './cpu.ts'
import { kbOf, readRssKb } from './memory.ts'

test('CPU time is found behind a name with spaces and brackets', () => {
  const stat = '42 (a (b) c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 7 8 20 0 11 0 100 1000 200'
  expect(cpuMsOf(stat, 100)).toBe(3_000)
  expect(cpuMsOf(stat, 1_000)).toBe(300)
  expect(() => cpuMsOf('nonsense', 100)).toThrow('no /proc/<pid>/stat')
})

test('a thread tells nanoseconds', () => {
  expect(threadMsOf('1500000 400 3')).toBe(1.5)
  expect(() => threadMsOf('nonsense')).toThrow('no schedstat')
})

test('memory is read from the line with this label', () => {
  expect(kbOf('00400000-7ffd [rollup]\nRss:               48040 kB\nPss:  16214 kB\n', 'Rss')).toBe(48_040)
  expect(() => kbOf('Pss: 1 kB', 'Rss')).toThrow('No line')
})

test.skipIf(process.platform !== 'linux')('this process uses CPU as it says itself, and has memory', () => {
  const self = () => (process.cpuUsage().user + process.cpuUsage().system) / 1_000
  const [before, own] = [readCpuMs(process.pid) ?? 0, self()]
  for (let sum = 0; self() - own < 200; ) sum += Math.sqrt(sum + 1)
  const used = (readCpuMs(process.pid) ?? 0) - before
  // Read one after the other, beside a runtime with threads of its own.
  expect(used).toBeGreaterThan(190)
  expect(used).toBeLessThan(400)
  expect(readCoarseCpuMs(process.pid)).toBeGreaterThan(200)
  expect(readRssKb(process.pid)).toBeGreaterThan(10_000)
})
