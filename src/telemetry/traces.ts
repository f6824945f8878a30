import { type Attributes, context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'

/** Where the words of a trace travel between processes: W3C Trace Context, https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = 'traceparent'

/** What a piece of work is part of: something that was asked of us, or a call that we make. */
export type SpanRole = 'work' | 'call'

/**
 * Spans of OpenTelemetry, by its API alone: whoever wants them starts an SDK in the process, and without one nothing is recorded.
 * Attributes never hold user ids, addresses, user agents or messages (R35).
 */
export interface Traces {
  /** Runs work in a span, which ends with it, and fails with it. */
  inSpan<Result>(name: string, work: () => Result, details?: { role?: SpanRole; attributes?: Attributes }): Result
  /** By which another process continues what is under way: a `traceparent`; undefined while nothing is recorded. */
  parent(): string | undefined
  /** Runs work in a span that continues what another process began. */
  continued<Result>(parent: string | undefined, name: string, work: () => Result): Result
}

export function createTraces(): Traces {
  const tracer = trace.getTracer('porchlight')

  const inSpan: Traces['inSpan'] = (name, work, { role = 'work', attributes = {} } = {}) =>
    tracer.startActiveSpan(
      name,
      { kind: role === 'call' ? SpanKind.CLIENT : SpanKind.INTERNAL, attributes },
      (span) => {
        const fail = (error: unknown): void => {
          span.setStatus({ code: SpanStatusCode.ERROR })
          // Its code says what happened; sentences may quote what somebody sent.
          span.setAttribute('error.type', codeOf(error))
        }
        let ends = true
        try {
          const result = work()
          if (!isPromise(result)) return result
          ends = false
          result.then(
            () => span.end(),
            (error: unknown) => {
              fail(error)
              span.end()
            },
          )
          return result
        } catch (error) {
          fail(error)
          throw error
        } finally {
          if (ends) span.end()
        }
      },
    )

  return {
    inSpan,
    parent() {
      const carrier: Record<string, string> = {}
      propagation.inject(context.active(), carrier)
      return carrier[TRACEPARENT]
    },
    continued(parent, name, work) {
      if (parent === undefined) return inSpan(name, work)
      const extracted = propagation.extract(context.active(), { [TRACEPARENT]: parent })
      return context.with(extracted, () => inSpan(name, work))
    },
  }
}

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : error instanceof Error
      ? error.name
      : 'unknown'

/** The same functions, each of which runs in a span of its name. */
export function traced<Functions extends object>(traces: Traces, prefix: string, functions: Functions): Functions {
  const wrapped = Object.entries(functions).map(([name, run]) => [
    name,
    typeof run === 'function'
      ? (...args: unknown[]): unknown => traces.inSpan(`${prefix}.${name}`, () => run(...args))
      : run,
  ])
  return Object.fromEntries(wrapped) as Functions
}
