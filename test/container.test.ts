import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { OPTION_RANGES, environmentName, type PresenceOptions } from '../src/options.ts'
import { readSettings, SERVER_VARIABLES } from '../src/settings.ts'

const ROOT = join(import.meta.dirname, '..')
const COMPOSE = 'deploy/compose'
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

interface Service {
  readonly build?: string
  readonly image: string
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: object
  readonly stop_grace_period?: string
}

describe('compose.yaml', () => {
  const { services } = parse(read(`${COMPOSE}/compose.yaml`), { merge: true }) as { services: Record<string, Service> }
  const nodes = Object.entries(services).filter(([, { build }]) => build !== undefined)
  const known = new Set<string>([
    ...Object.keys(SERVER_VARIABLES),
    ...(Object.keys(OPTION_RANGES) as (keyof PresenceOptions)[]).map(environmentName),
  ])

  test('has three nodes, a PostgreSQL, a Redis and an nginx', () => {
    expect(nodes.map(([name]) => name)).toEqual(['node-1', 'node-2', 'node-3'])
    expect(Object.keys(services)).toEqual(expect.arrayContaining(['nginx', 'postgres', 'redis']))
  })

  test.each(nodes)('%s is built from the Dockerfile and set up by variables that there are', (_name, node) => {
    expect(existsSync(join(ROOT, COMPOSE, node.build ?? '', 'Dockerfile'))).toBe(true)
    const given = node.environment ?? {}
    expect(Object.keys(given).filter((name) => !known.has(name))).toEqual([])
    const settings = readSettings({ ...filled(given), PORT: '3000' })
    expect(settings).toMatchObject({ demo: false, trustProxy: 1, rateLimit: true })
    expect(settings.databaseUrl).toContain('@postgres:5432/')
    // A node that is stopped has its time.
    expect(Number.parseInt(node.stop_grace_period ?? '', 10) * 1_000).toBeGreaterThan(settings.options.drainMs)
  })

  test('waits for what says that it is well', () => {
    for (const { depends_on = {} } of Object.values(services)) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        expect(condition, name).toBe('service_healthy')
        const { healthcheck, build } = services[name] ?? { image: '' }
        expect(healthcheck !== undefined || build !== undefined, name).toBe(true)
      }
    }
    expect(Object.keys(services['nginx']?.depends_on ?? {})).toEqual(nodes.map(([name]) => name))
  })

  test('mounts files that exist, at places that nginx reads', () => {
    const mounted = (services['nginx']?.volumes ?? []).filter((mount) => mount.startsWith('.'))
    expect(mounted.length).toBeGreaterThan(2)
    for (const mount of mounted) {
      const [from = '', to = ''] = mount.split(':')
      expect(existsSync(join(ROOT, COMPOSE, from)), from).toBe(true)
      expect(to).toMatch(/^\/etc\/nginx\//)
    }
    const included = [...read(`${COMPOSE}/nginx.conf`).matchAll(/include porchlight\/([\w.-]+);/g)].map(
      ([, file]) => file,
    )
    expect(included.length).toBeGreaterThan(2)
    expect(included.filter((file) => !existsSync(join(ROOT, 'deploy/nginx', file ?? '')))).toEqual([])
  })

  test('leads nginx to exactly its nodes', () => {
    const led = [...read(`${COMPOSE}/nodes.conf`).matchAll(/^server ([\w-]+):3000 /gm)].map(([, name]) => name)
    expect(led).toEqual(nodes.map(([name]) => name))
    // What nginx is told of a node is the same as outside containers.
    const how = (file: string) => new Set([...read(file).matchAll(/:3000 (.*);/g)].map(([, words]) => words))
    expect(how(`${COMPOSE}/nodes.conf`)).toEqual(how('deploy/nginx/nodes.conf'))
  })

  test('asks for secrets that its example names, and has none of its own', () => {
    const asked = new Set([...read(`${COMPOSE}/compose.yaml`).matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name))
    const named = [...read(`${COMPOSE}/.env.example`).matchAll(/^(\w+)=(.*)$/gm)]
    expect(named.map(([, name = '']) => name).filter((name) => !asked.has(name))).toEqual([])
    const secret = /SECRET|TOKEN|PASSWORD/
    const secrets = (names: readonly string[]): Set<string> => new Set(names.filter((name) => secret.test(name)))
    expect(secrets([...asked])).toEqual(secrets(named.map(([, name = '']) => name)))
    for (const [, name = '', value] of named) if (secret.test(name)) expect(value, name).toBe('')
  })

  /** As compose fills it in for somebody who put secrets into `.env`. */
  function filled(environment: Readonly<Record<string, string>>): Record<string, string> {
    const fill = (text: string): string =>
      text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name: string, kind?: string, rest?: string) =>
        kind === '-' ? (rest ?? '') : `${name.toLowerCase()}-of-this-test-0123456789`,
      )
    return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fill(value)]))
  }
})

describe('Dockerfile', () => {
  const lines = read('Dockerfile').replaceAll('\\\n', ' ').split('\n')
  const copied = lines.flatMap((line) => {
    const [, words = ''] = /^COPY (?!--from)(.*)$/.exec(line) ?? []
    return words.split(' ').filter(Boolean).slice(0, -1)
  })

  test('copies what exists and is not kept from it', () => {
    expect(copied).toEqual(expect.arrayContaining(['package.json', 'package-lock.json', 'src']))
    const let_in = [...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, name]) => name)
    for (const name of copied) {
      expect(existsSync(join(ROOT, name)), name).toBe(true)
      expect(let_in, name).toContain(normalize(name))
    }
    expect(new Set(let_in)).toEqual(new Set(copied))
  })

  test('copies whatever the build reads', () => {
    const [, sources = ''] = /SOURCES = \[([^\]]*)\]/.exec(read('scripts/build.js')) ?? []
    const read_by_build = [...sources.matchAll(/'([^']+)'/g)].map(([, name]) => name)
    expect(read_by_build.length).toBeGreaterThan(4)
    expect(copied).toEqual(expect.arrayContaining(read_by_build))
  })

  test('installs the packages that hosts bring otherwise', () => {
    const { peerDependencies } = JSON.parse(read('package.json')) as { peerDependencies: Record<string, string> }
    const [, list = ''] = /for \(const name of \[([^\]]*)\]/.exec(read('Dockerfile')) ?? []
    const brought = [...list.matchAll(/'([^']+)'/g)].map(([, name]) => name)
    // A server draws no page.
    expect(new Set([...brought, 'react'])).toEqual(new Set(Object.keys(peerDependencies)))
  })

  test('runs as somebody who is not root, the program itself, and says whether it is well', () => {
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM')))
    expect(last).toContain('USER node')
    expect(last.find((line) => line.startsWith('CMD'))).toMatch(/^CMD \["node", "dist\/src\/cli\.js", "serve"\]$/)
    expect(last.find((line) => line.startsWith('HEALTHCHECK'))).toContain('/healthz')
  })

  test('uses a Node that the package supports', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } }
    const least = Number(/>=(\d+)/.exec(engines.node)?.[1])
    const used = lines.flatMap((line) => /^FROM node:(\d+)/.exec(line)?.[1] ?? []).map(Number)
    expect(used).toHaveLength(2)
    for (const version of used) expect(version).toBeGreaterThanOrEqual(least)
  })
})

test('every folder of deploy/ is named in the documents', () => {
  const pages = ['docs/deploy.md', 'docs/operations.md', 'docs/caching.md'].map(read).join('\n')
  for (const folder of readdirSync(join(ROOT, 'deploy'))) expect(pages).toContain(`deploy/${folder}`)
})
