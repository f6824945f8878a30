import { parseArgs } from 'node:util'
import { findInterference } from './pairs.ts'
import { measureTimings, type Timing } from './timings.ts'

const OPTIONS = {
  pairs: { type: 'string', default: '5000' },
  seed: { type: 'string' },
  samples: { type: 'string', default: '2000' },
} as const

const { values } = parseArgs({ options: OPTIONS })
const pairs = whole('pairs', values.pairs)
const samples = whole('samples', values.samples)
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : whole('seed', values.seed)

console.log(`${pairs.toLocaleString('en')} pairs from seed ${seed}`)
const showPair = progress('pairs', pairs)
const finding = pairs === 0 ? null : await findInterference({ pairs, seed, onPair: showPair })
endProgress()
if (finding) {
  console.log(`Pair ${finding.pairs + 1} differs. Again: npm run noninterference -- --pairs ${pairs} --seed ${seed}\n`)
  console.log(finding.report)
  process.exitCode = 1
} else console.log('No pair differs.')

if (samples > 0) {
  const timings = await measureTimings({ samples, onSample: progress('answers', samples * 8) })
  endProgress()
  console.log(describeTimings(timings))
}

function whole(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`--${name} is a whole number, not "${text}"`)
}

/** On a terminal a bar that moves; elsewhere a line for each tenth. */
function progress(what: string, total: number): () => void {
  let done = 0
  return () => {
    done += 1
    const share = Math.min(1, done / total)
    if (process.stdout.isTTY) {
      const filled = Math.round(share * 40)
      process.stdout.write(`\r\u001b[K${'█'.repeat(filled)}${'░'.repeat(40 - filled)} ${done} of ${total} ${what}`)
    } else if (total >= 10 && done % Math.ceil(total / 10) === 0) console.log(`${done} of ${total} ${what}`)
  }
}

function endProgress(): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K')
}

function describeTimings(timings: readonly Timing[]): string {
  const rows = timings.map(({ question, samples: n, hereMs, awayMs, longer, p }) =>
    [question, n, hereMs.toFixed(3), awayMs.toFixed(3), longer.toFixed(3), p < 0.0001 ? '< 0.0001' : p.toFixed(4)].join(
      ' | ',
    ),
  )
  return [
    'How long answers take about somebody hidden, in milliseconds (median). "longer" is how often one who is here takes longer: 0.5 tells nothing.',
    'question | answers | here | not here | longer | p',
    ...rows,
  ].join('\n')
}
