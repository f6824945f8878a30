import { type RequestHandler, Router } from 'express'
import { createOpenApiDocument } from '../../protocol/schemas/openapi.ts'
import type { PresenceVerbs } from '../../service/verbs.ts'
import type { Log } from '../log.ts'
import { type IsOperator, operatorsOnly } from './operator.ts'
import { problemHandler } from './problem.ts'

export interface OpsDoor {
  readonly verbs: Pick<PresenceVerbs, 'checkHealth'>
  /** Everything measured, in Prometheus' text format. */
  readonly metricsText: () => Promise<string>
  /** Who may read `/metrics`. Absent: everybody. */
  readonly isOperator?: IsOperator
  /** Whether this process is about to stop, and should be sent nobody any more (R54). */
  readonly isDraining?: () => boolean
  readonly log: Log
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** What operators and their machines ask: alive, ready, measured, described. */
export function createOpsRouter({ verbs, metricsText, isOperator, isDraining, log }: OpsDoor): Router {
  const router = Router()
  // The document never changes while the process lives.
  const openApi = JSON.stringify(createOpenApiDocument())

  router.get(['/healthz', '/readyz', '/metrics'], (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })
  router.get('/readyz', async (_request, response) => {
    const parts = await readHealth(verbs, log)
    const draining = isDraining?.() === true
    const ready = parts.postgres && parts.store && !draining
    const status = ready ? 'ok' : 'not ready'
    response.status(ready ? 200 : 503).json({ status, ...parts, ...(draining && { draining }) })
  })
  router.get('/metrics', ...(isOperator ? [operatorsOnly(isOperator)] : []), async (_request, response) => {
    const text = await metricsText()
    response.set('Content-Type', METRICS_TYPE).send(text)
  })
  router.get('/openapi.json', (_request, response) => {
    response.type('application/json').send(openApi)
  })
  router.use(problemHandler(log))
  return router
}

/** Answers to whoever keeps a connection open that this was its last request, while this process is about to stop (R54). */
export const lastRequestsWhen =
  (isDraining: () => boolean): RequestHandler =>
  (_request, response, next) => {
    if (isDraining()) response.set('Connection', 'close')
    next()
  }

async function readHealth(verbs: OpsDoor['verbs'], log: Log): Promise<{ postgres: boolean; store: boolean }> {
  try {
    return await verbs.checkHealth()
  } catch (error) {
    log.warn({ err: error }, 'the health check itself failed')
    return { postgres: false, store: false }
  }
}
