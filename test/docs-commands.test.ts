import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { runCli } from './support/process.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')
const PAGES = ['README.md', 'CONTRIBUTING.md', ...readdirSync(join(ROOT, 'docs')).map((file) => `docs/${file}`)]
const pages = PAGES.filter((page) => page.endsWith('.md'))

/** Lines that a reader may type, in blocks and in the midst of sentences. */
const typed = pages.flatMap((page) => {
  const text = read(page)
  const blocks = [...text.matchAll(/^```(?:sh)?\n([\s\S]*?)^```$/gm)].flatMap(([, code = '']) => code.split('\n'))
  const inline = [...text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code)
  return [...blocks, ...inline].map((line) => ({ page, line: line.replace(/\s+#.*$/, '').trim() }))
})

/** `porchlight <command> --option`, however it is called. */
const ours = typed.flatMap(({ page, line }) => {
  if (/\b(?:un)?install porchlight\b/.test(line)) return []
  const [, command, rest = ''] = /(?:^|npx |[^\w./-])porchlight ([a-z]+)\b(.*)$/.exec(line) ?? []
  const options = [...rest.matchAll(/--[a-z-]+/g)].map(([option]) => option)
  return command === undefined ? [] : [{ page, command, options }]
})

describe('commands that the pages name', () => {
  const commands = [...new Set(ours.map(({ command }) => command))]

  test('are found', () => {
    expect(commands).toEqual(expect.arrayContaining(['serve', 'migrate', 'rollback', 'backfill', 'capacity', 'token']))
  })

  test.each(commands)('porchlight %s has the options that they name', async (command) => {
    const help = runCli([command, '--help'], {})
    expect((await help.ended).code).toBe(0)
    const named = ours.filter((one) => one.command === command)
    for (const { page, options } of named) for (const option of options) expect(help.output(), page).toContain(option)
    expect(help.output()).toContain(`porchlight ${command} `)
  })

  test('npm run … are scripts of ours, or of the app that they are about', () => {
    const scriptsOf = (file: string) =>
      Object.keys((JSON.parse(read(file)) as { scripts: Record<string, string> }).scripts)
    const known = new Set(['package.json', 'examples/existing-marketplace/after/package.json'].flatMap(scriptsOf))
    const named = typed.flatMap(({ page, line }) =>
      [...line.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name = '']) => ({ page, name })),
    )
    expect(named.length).toBeGreaterThan(10)
    expect(named.filter(({ name }) => !known.has(name))).toEqual([])
  })
})

describe('docs/deploy.md', () => {
  test('shows a pod whose probes ask for what there is', () => {
    const [, yaml = ''] = /^```yaml\n([\s\S]*?)^```$/m.exec(read('docs/deploy.md')) ?? []
    const { spec } = parse(yaml) as { spec: { template: { spec: { containers: readonly Container[] } } } }
    const [container] = spec.template.spec.containers
    expect(container?.args).toEqual(['serve'])
    const routes = read('src/gateway/http/ops-routes.ts')
    for (const probe of ['readinessProbe', 'livenessProbe', 'startupProbe'] as const) {
      expect(container?.[probe].httpGet.port).toBe(container?.ports[0]?.containerPort)
      expect(routes).toContain(`'${container?.[probe].httpGet.path}'`)
    }
  })
})

type Container = {
  readonly args: readonly string[]
  readonly ports: readonly { readonly containerPort: number }[]
} & Record<'readinessProbe' | 'livenessProbe' | 'startupProbe', { readonly httpGet: { path: string; port: number } }>
