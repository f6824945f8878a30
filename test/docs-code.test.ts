import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
/** Pages whose TypeScript a reader may copy as it stands. */
const PAGES = [
  'README.md',
  'docs/authentication.md',
  'docs/client.md',
  'docs/operations.md',
  'docs/protocol.md',
  'docs/react.md',
  'docs/rollout.md',
  'docs/start.md',
]

/** Those that show only one. */
const ONE_BLOCK = new Set(['docs/operations.md', 'docs/protocol.md', 'docs/start.md'])

interface Block {
  /** Where it stands: "docs/react.md, line 12". */
  readonly place: string
  readonly language: string
  readonly code: string
}

test('what the pages show of the SDK compiles as it stands', { timeout: 120_000 }, async () => {
  const pages = await Promise.all(PAGES.map(async (page) => blocksIn(page, await readFile(join(ROOT, page), 'utf8'))))
  for (const [index, blocks] of pages.entries()) {
    const page = PAGES[index] ?? ''
    expect(blocks.length, page).toBeGreaterThan(ONE_BLOCK.has(page) ? 0 : 1)
  }
  expect(await complaintsAbout(pages.flat())).toEqual([])
})

/** Pages with JavaScript for an app that has what `HOST` says, and is not run as it stands: `examples/` and `docs/start.md` are. */
const SERVER_PAGES = ['README.md', 'docs/caching.md', 'docs/deploy.md', 'docs/searching.md']
const HOST = `
  import type { Express } from 'express'
  import type { Server as HttpServer } from 'node:http'
  import type { Presence, RequestedPresenceFilter } from 'porchlight'
  import type { Model, ModelStatic, Sequelize } from 'sequelize'
  import type { Server } from 'socket.io'
  declare global {
    const app: Express
    const io: Server
    const server: HttpServer
    const presence: Presence
    const sequelize: Sequelize
    const User: ModelStatic<Model>
    const Provider: ModelStatic<Model & { user_id: string }>
    const [SERVICE, TOKEN]: [string, string]
    namespace Express {
      interface Request {
        presenceFilter: RequestedPresenceFilter
        user?: { id: string }
      }
    }
    namespace NodeJS {
      interface ProcessEnv {
        DATABASE_URL: string
      }
    }
  }`

test('what the pages show of servers fits our types', { timeout: 120_000 }, async () => {
  const pages = await Promise.all(
    SERVER_PAGES.map(async (page) => blocksIn(page, await readFile(join(ROOT, page), 'utf8'), /js/)),
  )
  for (const [index, blocks] of pages.entries()) expect(blocks.length, SERVER_PAGES[index]).toBeGreaterThan(0)
  // A module, however little it imports; what it leaves out, "// …", is the reader's.
  const modules = pages.flat().map((block) => ({
    ...block,
    code: `${block.code.replace('createPresence({\n  // …', 'createPresence({ io, sequelize, User,')}\nexport {}`,
  }))
  const said = await complaintsAbout(modules.map(withImport), HOST)
  // JavaScript does not say of what type a parameter is, and parts of an app leave things to the rest of it.
  expect(said.filter((line) => !/error TS(?:7006|7031|6133):/.test(line))).toEqual([])
})

/** Where a page goes on with a function that it named before. */
const withImport = (block: Block): Block =>
  block.code.includes('createPresence(') && !block.code.includes('import {')
    ? { ...block, code: `import { createPresence } from 'porchlight'; ${block.code}` }
    : block

function blocksIn(page: string, text: string, languages = /tsx?/): Block[] {
  const blocks = new RegExp(`^\`\`\`(${languages.source})\\n([\\s\\S]*?)^\`\`\`$`, 'gm')
  return [...text.matchAll(blocks)].map(({ index, 1: language = '', 2: code = '' }) => ({
    place: `${page}, line ${text.slice(0, index).split('\n').length}`,
    language,
    code,
  }))
}

/** What the compiler says of these, each a module of its own, in a page that is compiled as strictly as our own. */
async function complaintsAbout(blocks: readonly Block[], host?: string): Promise<string[]> {
  const folder = await mkdtemp(join(ROOT, 'node_modules/.docs-code-'))
  try {
    const files = blocks.map(({ language }, index) => `block-${index}.${language}`)
    await Promise.all(files.map((file, index) => writeFile(join(folder, file), blocks[index]?.code ?? '')))
    const config = join(folder, 'tsconfig.json')
    const scripts = host === undefined ? {} : { allowJs: true, checkJs: true }
    const compilerOptions = { paths: await publicNames(), types: ['node'], ...scripts }
    if (host !== undefined) await writeFile(join(folder, 'host.d.ts'), host)
    const all = host === undefined ? files : [...files, 'host.d.ts']
    const content = { extends: join(ROOT, 'tsconfig.page.json'), compilerOptions, files: all, include: [] }
    await writeFile(config, JSON.stringify(content))
    const said = await compile(config, folder)
    return said.map((line) =>
      line.replace(/^block-(\d+)\.(?:tsx?|js)/, (_file, index: string) => placeOf(blocks, index)),
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The sources behind the names that a host imports, as package.json gives them out. */
async function publicNames(): Promise<Record<string, string[]>> {
  const content = await readFile(join(ROOT, 'package.json'), 'utf8')
  const { exports } = JSON.parse(content) as { exports: Record<string, string | { default: string }> }
  const named = Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'string' ? [] : [[`porchlight${path.slice(1)}`, [sourceOf(target.default)]]],
  )
  return Object.fromEntries(named) as Record<string, string[]>
}

const sourceOf = (built: string): string => join(ROOT, built.replace('./dist/', '').replace(/\.js$/, '.ts'))

const placeOf = (blocks: readonly Block[], index: string): string => blocks[Number(index)]?.place ?? index

function compile(config: string, folder: string): Promise<string[]> {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc')
  return new Promise((done) => {
    execFile(process.execPath, [compiler, '-p', config, '--pretty', 'false'], { cwd: folder }, (_error, out) =>
      done(out.split('\n').filter((line) => line !== '')),
    )
  })
}
