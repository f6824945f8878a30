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
  'docs/react.md',
  'docs/rollout.md',
  'docs/start.md',
]

interface Block {
  /** Where it stands: "docs/react.md, line 12". */
  readonly place: string
  readonly language: string
  readonly code: string
}

test('what the pages show of the SDK compiles as it stands', { timeout: 120_000 }, async () => {
  const pages = await Promise.all(PAGES.map(async (page) => blocksIn(page, await readFile(join(ROOT, page), 'utf8'))))
  for (const [index, blocks] of pages.entries()) {
    const page = PAGES[index]
    expect(blocks.length, page).toBeGreaterThan(page === 'docs/start.md' ? 0 : 1)
  }
  expect(await complaintsAbout(pages.flat())).toEqual([])
})

function blocksIn(page: string, text: string): Block[] {
  return [...text.matchAll(/^```(tsx?)\n([\s\S]*?)^```$/gm)].map(({ index, 1: language = '', 2: code = '' }) => ({
    place: `${page}, line ${text.slice(0, index).split('\n').length}`,
    language,
    code,
  }))
}

/** What the compiler says of these, each a module of its own, in a page that is compiled as strictly as our own. */
async function complaintsAbout(blocks: readonly Block[]): Promise<string[]> {
  const folder = await mkdtemp(join(ROOT, 'node_modules/.docs-code-'))
  try {
    const files = blocks.map(({ language }, index) => `block-${index}.${language}`)
    await Promise.all(files.map((file, index) => writeFile(join(folder, file), blocks[index]?.code ?? '')))
    const config = join(folder, 'tsconfig.json')
    const compilerOptions = { paths: await publicNames(), types: ['node'] }
    const content = { extends: join(ROOT, 'tsconfig.page.json'), compilerOptions, files, include: [] }
    await writeFile(config, JSON.stringify(content))
    const said = await compile(config, folder)
    return said.map((line) => line.replace(/^block-(\d+)\.tsx?/, (_file, index: string) => placeOf(blocks, index)))
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
