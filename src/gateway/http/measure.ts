import type { RequestHandler } from 'express'
import type { DoorMetrics } from '../log.ts'

/** Tells how long each request took, by the path as its route was declared: ids in it would tell of people, and have no end. */
export const measureRequests =
  (metrics: Pick<DoorMetrics, 'requested'>): RequestHandler =>
  (request, response, next) => {
    const startedAt = performance.now()
    response.once('finish', () => {
      const route = (request.route as { path?: unknown } | undefined)?.path
      // Below our paths, yet none of our routes.
      const path = typeof route === 'string' ? route : 'other'
      metrics.requested(path, response.statusCode, (performance.now() - startedAt) / 1_000)
    })
    next()
  }
