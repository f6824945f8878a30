import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'

/** What each room may import, beside itself: rooms, or single files of them. ARCHITECTURE.md shows the same table. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  domain: [],
  telemetry: [],
  protocol: ['domain'],
  store: ['domain'],
  broadcast: ['domain', 'protocol'],
  flags: ['domain'],
  service: ['domain', 'telemetry', 'store/contract.ts', 'broadcast/contract.ts', 'flags/contract.ts'],
  gateway: ['domain', 'protocol', 'telemetry', 'service'],
  client: ['domain', 'protocol'],
  react: ['domain', 'client'],
  capacity: ['domain', 'store/redis/keys.ts'],
  testing: ['domain', 'protocol', 'create-memory-presence.ts'],
}

/** Files beside the rooms. Composition roots wire everything and may import everything. */
const ROOTS = new Set([
  'index.ts',
  'host-app.ts',
  'compose-presence.ts',
  'create-presence.ts',
  'create-memory-presence.ts',
  'server.ts',
  'workers.ts',
  'personal-commands.ts',
  'backfill-command.ts',
  'capacity-command.ts',
  'cli.ts',
])
const BESIDE_ROOMS: Record<string, readonly string[]> = {
  'options.ts': ['domain'],
  'settings.ts': ['domain', 'options.ts'],
}

/** Where each package is at home. Composition roots may use any; what is not listed belongs to them alone. */
const HOMES: Record<string, readonly string[]> = {
  zod: ['protocol/schemas/'],
  '@asteasolutions/zod-to-openapi': ['protocol/schemas/'],
  'socket.io': [
    'host-app.ts',
    'gateway/socket/',
    'gateway/identify.ts',
    'gateway/identify-by-token.ts',
    'broadcast/',
    'testing/',
  ],
  'socket.io-client': ['client/', 'testing/'],
  react: ['react/'],
  ws: ['broadcast/'],
  express: ['host-app.ts', 'gateway/http/', 'gateway/identify.ts', 'gateway/identify-by-token.ts', 'testing/'],
  jose: ['gateway/token.ts', 'gateway/published-keys.ts', 'gateway/http/staff.ts'],
  bowser: ['gateway/device.ts'],
  'lru-cache': ['service/', 'store/redis/'],
  dataloader: ['service/'],
  pino: ['telemetry/'],
  'prom-client': ['telemetry/'],
  '@opentelemetry/api': ['telemetry/traces.ts'],
  tinyqueue: ['store/deadline-queue.ts'],
  cockatiel: ['store/guard.ts'],
  'rate-limiter-flexible': ['store/'],
  'proxy-addr': ['gateway/address.ts'],
  helmet: ['gateway/http/harden.ts'],
  compression: ['gateway/http/page-routes.ts'],
  redis: ['store/redis/'],
  '@openfeature/server-sdk': ['flags/'],
  '@openfeature/flagd-core': ['flags/'],
  sequelize: ['store/postgres/'],
  umzug: ['store/postgres/'],
}

/** What stores of any kind may use, beside their own. */
const SHARED_BY_STORES = new Set([
  'store/contract.ts',
  'store/personal-contract.ts',
  'store/search-contract.ts',
  'store/report-contract.ts',
  'store/node-contract.ts',
  'store/deadline-queue.ts',
  'store/flexible-counters.ts',
  'store/guard.ts',
])

/** Rooms of rules and shapes, which run anywhere: neither packages nor Node. */
const PURE = [
  'domain/',
  'capacity/',
  'protocol/events.ts',
  'protocol/close-reasons.ts',
  'protocol/http.ts',
  'protocol/operator.ts',
  'protocol/index.ts',
]

/** A file that outgrows this has two subjects. */
const MAX_LINES = 300

const SRC = join(import.meta.dirname, '..', 'src')
const sources = sourcesIn(SRC)
const imports = sources.flatMap(({ file, text }) => specifiersIn(text).map((specifier) => ({ file, specifier })))
const inner = imports
  .filter(({ specifier }) => specifier.startsWith('.'))
  .map(({ file, specifier }) => ({ file, target: join(dirname(file), specifier).replaceAll('\\', '/') }))
const outer = imports.filter(({ specifier }) => !specifier.startsWith('.'))

describe('the house', () => {
  test('is read as it is: its imports are found in every way they can be written', () => {
    const text = [
      "import { a,\n  b } from './one.ts'",
      "import type C from 'two'",
      "import './three.ts'",
      "export { d } from '../four.ts'",
      "const e = await import('node:five')",
      "import f, * as g from '@scope/six/part'",
      "// import h from 'seven'",
    ].join('\n')
    expect(specifiersIn(text)).toEqual(['./one.ts', 'two', './three.ts', '../four.ts', 'node:five', '@scope/six/part'])
    expect(sources.length).toBeGreaterThan(50)
    expect(inner.length).toBeGreaterThan(100)
  })

  test('has only rooms that the table names', () => {
    const strangers = sources.map(({ file }) => roomOf(file)).filter((room) => !isKnown(room))
    expect([...new Set(strangers)]).toEqual([])
  })

  test('imports one way: each room only what the table allows', () => {
    const wrong = inner.filter(({ file, target }) => {
      const room = roomOf(file)
      if (ROOTS.has(room) || roomOf(target) === room) return false
      return !allowedFor(room).some((allowed) => target === allowed || roomOf(target) === allowed)
    })
    expect(wrong).toEqual([])
  })

  test('reaches into the demo from the standalone server alone', () => {
    const wrong = inner.filter(({ file, target }) => target.startsWith('..') && !['server.ts', 'cli.ts'].includes(file))
    expect(wrong.filter(({ target }) => target !== '../package.json')).toEqual([])
  })

  test('lets only front doors read schemas, and the wire itself none', () => {
    const readers = inner.filter(({ target }) => target.startsWith('protocol/schemas/')).map(({ file }) => file)
    const wrong = readers.filter((file) => !/^(protocol\/schemas|gateway)\//.test(file) && !ROOTS.has(file))
    expect(wrong).toEqual([])
  })

  test('keeps the two kinds of store apart', () => {
    const kinds = inner.filter(({ file, target }) => file.startsWith('store/') && target.startsWith('store/'))
    const wrong = kinds.filter(({ file, target }) => !SHARED_BY_STORES.has(target) && kindOf(file) !== kindOf(target))
    expect(wrong).toEqual([])
  })

  test('gives every package one home', () => {
    const wrong = outer.filter(({ file, specifier }) => {
      if (specifier.startsWith('node:') || ROOTS.has(file)) return false
      return !(HOMES[packageOf(specifier)] ?? []).some((home) => file.startsWith(home))
    })
    expect(wrong).toEqual([])
  })

  test('names no home for a package that is not used', () => {
    const used = new Set(outer.map(({ specifier }) => packageOf(specifier)))
    expect(Object.keys(HOMES).filter((name) => !used.has(name))).toEqual([])
  })

  test('keeps rules and wire free of packages and of Node', () => {
    const wrong = outer.filter(({ file }) => PURE.some((pure) => file.startsWith(pure)))
    expect(wrong).toEqual([])
  })

  test('keeps clocks and chance out of the rules', () => {
    const impure = /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.|\bsetTimeout\b|\basync\b|\bprocess\./
    expect(filesWith(impure, 'domain/')).toEqual([])
  })

  test('says by name what it exports', () => {
    expect(filesWith(/^\s*export\s+\*/m)).toEqual([])
  })

  test('has no room without a subject', () => {
    const parts = sources.flatMap(({ file }) => file.split('/').map((part) => part.replace(/\.tsx?$/, '')))
    expect(parts.filter((part) => /^(utils?|helpers?|lib|common|shared|misc|types)$/.test(part))).toEqual([])
  })

  test('has no file that outgrew its subject', () => {
    const long = sources.filter(({ text }) => text.split('\n').length > MAX_LINES).map(({ file }) => file)
    expect(long).toEqual([])
  })

  test('leaves nothing to be done in a comment', () => {
    expect(filesWith(/\b(TODO|FIXME|XXX|HACK)\b/)).toEqual([])
  })

  test('logs through the logger: the commands alone speak to a terminal', () => {
    expect(filesWith(/\bconsole\./).filter((file) => file !== 'cli.ts' && file !== 'server.ts')).toEqual([])
  })
})

test('ARCHITECTURE.md shows the table that holds', () => {
  const page = readFileSync(join(SRC, '..', 'ARCHITECTURE.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z]+)\/` +\| ([^|]*) \|/gm)].map(([, room, allowed]) => [
    room,
    [...(allowed ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name?.replace(/\/$/, '')),
  ])
  const built = Object.entries(MAY_IMPORT).filter(([room]) => sources.some(({ file }) => roomOf(file) === room))
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(built))
})

describe('the page of the reference marketplace', () => {
  const pages = sourcesIn(join(SRC, '..', 'demo', 'page', 'src'))
  const imported = pages.flatMap(({ file, text }) => specifiersIn(text).map((specifier) => ({ file, specifier })))

  test('is written as any host would write it: it knows the package by its public names alone', () => {
    const open = new Set(['react', 'react-dom/client', 'porchlight/client', 'porchlight/react', 'porchlight/protocol'])
    const wrong = imported.filter(({ file, specifier }) =>
      specifier.startsWith('.') ? join(dirname(file), specifier).startsWith('..') : !open.has(specifier),
    )
    expect(wrong).toEqual([])
    expect(new Set(imported.map(({ specifier }) => specifier))).toContain('porchlight/client')
  })

  test('takes only types from the wire', () => {
    const values = pages.filter(({ text }) => /^import (?!type\b)[^'"]*from 'porchlight\/protocol'/m.test(text))
    expect(values.map(({ file }) => file)).toEqual([])
  })
})

describe('the operator page', () => {
  const pages = sourcesIn(join(SRC, '..', 'ops', 'page', 'src'))
  const imported = pages.flatMap(({ file, text }) => specifiersIn(text).map((specifier) => ({ file, specifier })))

  test('takes from the house its public names, and from the demo nothing but the style', () => {
    const open = new Set(['react', 'react-dom', 'uplot', 'porchlight/react', 'porchlight/protocol'])
    const wrong = imported.filter(({ file, specifier }) => {
      if (!specifier.startsWith('.')) return !open.has(specifier) && !open.has(packageOf(specifier))
      return join(dirname(file), specifier).startsWith('..') && !/demo\/page\/src\/styles\/\w+\.css$/.test(specifier)
    })
    expect(wrong).toEqual([])
    expect(new Set(imported.map(({ specifier }) => specifier))).toContain('uplot')
  })

  test('takes only types from the wire', () => {
    const values = pages.filter(({ text }) => /^import (?!type\b)[^'"]*from 'porchlight\/protocol'/m.test(text))
    expect(values.map(({ file }) => file)).toEqual([])
  })
})

/** Every source below a folder, tests left out, by its path from there. */
function sourcesIn(folder: string): { file: string; text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return { file: relative(folder, path).replaceAll('\\', '/'), text: readFileSync(path, 'utf8') }
    })
}

/** The first folder of a file below src, or the file itself when it lies beside the rooms. */
function roomOf(file: string): string {
  return file.split('/')[0] ?? file
}

function kindOf(file: string): string {
  return file.split('/')[1] ?? file
}

function isKnown(room: string): boolean {
  return room in MAY_IMPORT || room in BESIDE_ROOMS || ROOTS.has(room)
}

function allowedFor(room: string): readonly string[] {
  return MAY_IMPORT[room] ?? BESIDE_ROOMS[room] ?? []
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function filesWith(pattern: RegExp, under = ''): string[] {
  return sources.filter(({ file, text }) => file.startsWith(under) && pattern.test(text)).map(({ file }) => file)
}

/** Everything a source imports. TypeScript 7 has no parser to ask; comments are taken out first. */
function specifiersIn(source: string): string[] {
  const text = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const written = /^\s*(?:import|export)\s[^'"`;=]*?\bfrom\s*['"]([^'"\n]+)['"]/
  const forEffect = /^\s*import\s*['"]([^'"\n]+)['"]/
  const dynamic = /\bimport\(\s*['"]([^'"\n]+)['"]/
  const pattern = new RegExp([written, forEffect, dynamic].map(({ source }) => source).join('|'), 'gm')
  return [...text.matchAll(pattern)].map(([, ...found]) => found.find((name) => name !== undefined) ?? '')
}
