import { readFile, writeFile } from 'node:fs/promises'

/**
 * Puts what was measured into a page, between the marks `<!-- name:start -->` and `<!-- name:end -->`.
 *
 * @param parts by the names of their marks
 * @throws Error when the page has no such place
 */
export async function fillPage(page: string, parts: Readonly<Record<string, string>>): Promise<void> {
  let text = await readFile(page, 'utf8')
  for (const [name, content] of Object.entries(parts)) {
    const [start, end] = [`<!-- ${name}:start -->`, `<!-- ${name}:end -->`]
    const [from, to] = [text.indexOf(start), text.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`${page} has no place marked ${start} … ${end}`)
    text = `${text.slice(0, from + start.length)}\n\n${content}\n\n${text.slice(to)}`
  }
  await writeFile(page, text)
}
