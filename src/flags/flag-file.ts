import { readFile } from 'node:fs/promises'
import { FlagdCore } from '@openfeature/flagd-core'
import {
  type EvaluationContext,
  type Logger,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  type ResolutionDetails,
} from '@openfeature/server-sdk'
import { PresenceError } from '../domain/errors.ts'

/**
 * How often the file is read. Watching by events misses files that are replaced, as editors and mounted configurations do, and times of
 * files are too coarse for two edits in a row.
 */
const READ_EVERY_MS = 250

/**
 * Evaluates flagd definitions in this process. A file that cannot be used is refused at the start; later the last good one holds.
 *
 * @param onRefused hears of a file that cannot be used, with a sentence
 */
export function flagFileProvider(file: string, key: string, onRefused: (error: PresenceError) => void): Provider {
  const events = new OpenFeatureEventEmitter()
  let core = new FlagdCore()
  /** What was read last, good or not. */
  let seen: string | null = null
  /** What is wrong with it, to say so once. */
  let complaint: string | null = null
  let timer: ReturnType<typeof setTimeout> | null = null

  /** @returns whether there is anything new. @throws {PresenceError} INVALID_OPTION */
  async function take(): Promise<boolean> {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw refused(file, `it cannot be read (${firstCause(error)}).`, error)
    })
    if (text === seen) return false
    seen = text
    core = flagsIn(text, file, key)
    return true
  }

  async function look(): Promise<void> {
    try {
      if (await take()) {
        complaint = null
        events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged: [key] })
      }
    } catch (error) {
      if (error instanceof PresenceError && error.message !== complaint) onRefused(error)
      complaint = error instanceof Error ? error.message : null
    }
    if (timer !== null) lookLater()
  }

  function lookLater(): void {
    timer = setTimeout(() => void look(), READ_EVERY_MS)
    timer.unref()
  }

  const resolve =
    <Value>(evaluate: (core: FlagdCore, name: string, fallback: Value, context: EvaluationContext) => object) =>
    async (name: string, fallback: Value, context: EvaluationContext): Promise<ResolutionDetails<Value>> =>
      evaluate(core, name, fallback, context) as ResolutionDetails<Value>

  return {
    metadata: { name: 'porchlight flag file' },
    runsOn: 'server',
    events,
    async initialize() {
      await take()
      lookLater()
    },
    async onClose() {
      if (timer !== null) clearTimeout(timer)
      timer = null
    },
    resolveBooleanEvaluation: resolve((flags, ...asked) => flags.resolveBooleanEvaluation(...asked)),
    resolveStringEvaluation: resolve((flags, ...asked) => flags.resolveStringEvaluation(...asked)),
    resolveNumberEvaluation: resolve((flags, ...asked) => flags.resolveNumberEvaluation(...asked)),
    resolveObjectEvaluation: resolve((flags, ...asked) => flags.resolveObjectEvaluation(...asked)),
  }
}

const refused = (file: string, why: string, cause?: unknown): PresenceError =>
  new PresenceError('INVALID_OPTION', `The flag file ${file} cannot be used: ${why}`, { cause })

/** What went wrong to begin with: those above only say that something did. */
const firstCause = (error: unknown): string =>
  error instanceof Error ? (error.cause === undefined ? error.message : firstCause(error.cause)) : String(error)

const nothing = (): void => {}
/** What is wrong is said by the sentence of a refusal. */
const SILENT: Logger = { error: nothing, warn: nothing, info: nothing, debug: nothing }

/** Users by whom a rule is tried: it may fail for one that its author did not think of. */
const TRIALS: readonly EvaluationContext[] = [{}, { targetingKey: 'somebody' }]

/** @throws {PresenceError} INVALID_OPTION */
function flagsIn(text: string, file: string, key: string): FlagdCore {
  // Without generated code: a host may have switched that off for its process.
  const core = new FlagdCore(undefined, SILENT, { disableDynamicCodeGeneration: true })
  try {
    core.setConfigurations(text)
  } catch (error) {
    throw refused(file, `it is no flagd definition (${firstCause(error)}).`, error)
  }
  const flag = core.getFlag(key)
  if (flag === undefined) throw refused(file, `it has no flag ${key}.`)
  if ([...flag.variants.values()].some((value) => typeof value !== 'boolean')) {
    throw refused(file, `the variants of ${key} have to be true and false.`)
  }
  for (const trial of TRIALS) {
    const { errorMessage } = core.resolveBooleanEvaluation(key, false, trial)
    if (errorMessage !== undefined) throw refused(file, `its rule does not work (${errorMessage}).`)
  }
  return core
}
