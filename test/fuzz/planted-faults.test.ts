import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/postgres.ts'
import { fuzz } from './fuzz.ts'
import type { Target } from './target.ts'

/** A machine that is busy with other things is no reason to fail. */
const LONGEST_MS = 180_000

/** Puts this in front of what the running server does for a request of such an address. */
const onRequest = (path: string, script: string): string => `(() => {
  const { Server } = process.getBuiltinModule('node:http')
  const { emit } = Server.prototype
  Server.prototype.emit = function (event, request, ...rest) {
    if (event === 'request' && request.url.startsWith('${path}')) { ${script} }
    return emit.call(this, event, request, ...rest)
  }
})()`

/** What no guest asks for: the fault is to be found by garbage alone. */
const BLOCKS = '/api/users/presence/blocks'

/** What is found in a server in which this was run. */
async function find(script: string, inputs = 200, isNarrowed = false) {
  const database = await createTestDatabase({ marketplace: true })
  try {
    const plant = ({ watch }: Target) => watch.run(script)
    const { finding } = await fuzz({ databaseUrl: database.url, inputs, seed: 3, plant, isNarrowed })
    return finding ?? { fault: 'nothing was found', inputs: [] }
  } finally {
    await database.drop()
  }
}

test.each([
  ['a throw', `throw new Error('planted')`],
  ['a promise that nobody looks after', `Promise.reject(new Error('planted'))`],
])(
  'R52 %s is found',
  async (_name, script) => {
    const found = await find(onRequest(BLOCKS, script))
    expect(found.fault).toMatch(/^the server (ended|said)[^]*planted/)
    expect(JSON.stringify(found.inputs)).toContain(BLOCKS)
  },
  LONGEST_MS,
)

/** 300 ms of a core, however many others want it. */
const BUSY = `const from = process.cpuUsage()
  for (let used = 0; used < 300_000; ) {
    const { user, system } = process.cpuUsage(from)
    used = user + system
  }`

test(
  'R52 a loop that lets nobody else run is found, and the input that makes it',
  async () => {
    const found = await find(onRequest(BLOCKS, BUSY), 200, true)
    expect(found.fault).toMatch(/^the event loop stood still for \d{3} ms/)
    expect(found.inputs).toHaveLength(1)
    expect(JSON.stringify(found.inputs)).toContain(BLOCKS)
  },
  LONGEST_MS,
)

test(
  'R52 a handler that keeps what it was sent is found',
  async () => {
    const found = await find(onRequest('/api/', '(globalThis.kept ??= []).push("x".repeat(5_000).split(""))'), 2_000)
    expect(found.fault).toMatch(/^memory grew by \d+ bytes an input/)
  },
  LONGEST_MS,
)
