import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release, type } from 'node:os'
import { join } from 'node:path'
import { alignColumns, number } from '../report/table.ts'
import { measureNews, newsCases, type NewsResult, newsSize } from './measure-news.ts'

export const newsSteps = (quick: boolean): number => newsCases(quick).length

/** Compares the ways in which nodes can learn of each other's changes. Written as it comes. */
export async function runNews(quick: boolean, out: string, step: (what: string) => void): Promise<NewsResult[]> {
  const size = newsSize(quick)
  const results: NewsResult[] = []
  await mkdir(out, { recursive: true })
  for (const one of newsCases(quick)) {
    step(`News: ${one.mechanism}, ${one.redis}, ${one.nodes} nodes, ${one.watchedShare * 100} % watched`)
    results.push(await measureNews(one, size))
    const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${type()} ${release()}, Node ${process.version}`
    await writeFile(join(out, 'news.json'), `${JSON.stringify({ machine, quick, size, results }, null, 2)}\n`)
  }
  return results
}

const HEAD = [
  'Redis',
  'told by',
  'nodes',
  'watched',
  'Redis CPU, µs / change',
  'node CPU, µs / change',
  'p50, ms',
  'p99, ms',
  'heard',
  'gaps',
  'to listen, ms',
  'node RSS, MB',
  'Redis RSS, MB',
]

export function newsTable(results: readonly NewsResult[]): string {
  const rows = results.map((result) => {
    const ofNodes = (text: string): string => (result.nodes === 0 ? '–' : text)
    return [
      result.redis,
      result.mechanism,
      String(result.nodes),
      ofNodes(`${result.watchedShare * 100} %`),
      number(result.redisUsPerChange),
      ofNodes(number(result.nodeUsPerChange)),
      ofNodes(number(result.p50Ms)),
      ofNodes(number(result.p99Ms)),
      ofNodes(`${number(result.heardShare * 100)} %`),
      ofNodes(String(result.gaps)),
      ofNodes(number(result.listenMs)),
      ofNodes(number(result.nodeRssMb)),
      number(result.redisRssMb),
    ]
  })
  return alignColumns([HEAD, HEAD.map(() => '-'), ...rows])
}
