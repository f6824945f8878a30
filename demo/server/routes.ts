import { json, type NextFunction, type Request, type Response, Router } from 'express'
import { QueryTypes, type Sequelize } from 'sequelize'
import { uuidIds } from '../../src/domain/user-id.ts'
import { createCatalogue, suggestCities } from './catalogue.ts'
import { demoRoutes } from './demo-routes.ts'
import type { Role } from './models.ts'
import { refuse } from './problem.ts'
import { readLimit } from './query.ts'

/** A row of the view `provider_cards`. */
export interface ProviderCard {
  readonly id: string
  readonly name: string
  readonly city_id: number
  readonly city: string
  readonly country: string
  readonly service_id: number
  readonly service: string
  readonly service_ids: readonly number[]
  readonly services: readonly string[]
  readonly rating: number
  readonly reviews: number
  readonly price: number
  readonly about: string
  readonly simulated: boolean
}

export interface MarketplaceRouterOptions {
  readonly sequelize: Sequelize
  /** Whether anybody may sign in as anybody. Never in a real marketplace. */
  readonly demo: boolean
  readonly signToken: (userId: string, role: Role) => string | Promise<string>
  /** Adds presence as this viewer may see it; null is a stranger. */
  readonly withPresence: (rows: ProviderCard[], viewerId: string | null) => Promise<readonly object[]>
}

/** The marketplace's own routes: places, trades and people, without which there is nobody to be present. */
export function marketplaceRouter({ sequelize, demo, signToken, withPresence }: MarketplaceRouterOptions): Router {
  const router = Router()
  const catalogue = createCatalogue(sequelize)

  router.get('/api/cities', async (request, response) => {
    const limit = readLimit(request.query['limit'])
    if (limit === null) return refuse(response, 'INVALID_QUERY', 'limit is a whole number from 1 to 100')
    const { q = '' } = request.query
    if (typeof q !== 'string' || q.length > 100) {
      return refuse(response, 'INVALID_QUERY', 'q is at most 100 characters, given once')
    }
    response.json({ cities: suggestCities(await catalogue.cities(), q, limit) })
  })

  router.get('/api/services', async (_request, response) => {
    response.json({ services: await catalogue.services() })
  })

  router.get('/api/providers/:id', async (request, response) => {
    const id = uuidIds.parse(request.params.id)
    if (id === null) return refuse(response, 'INVALID_ID', 'A provider is named by a UUID')
    const [row] = await sequelize.query<ProviderCard>('select * from provider_cards where id = $1', {
      bind: [id],
      type: QueryTypes.SELECT,
      logging: false,
    })
    if (row === undefined) return refuse(response, 'NOT_FOUND', 'There is no such provider')
    const [card] = await withPresence([row], null)
    response.json(card)
  })

  if (demo) router.use('/api/demo', json({ limit: '4kb' }), demoRoutes({ sequelize, signToken }))
  router.use(refuseUnreadableBody)
  return router
}

/** A body that is no JSON is the caller's mistake; every other failure is for the service's own handler. */
function refuseUnreadableBody(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  const type = error instanceof Error && 'type' in error ? error.type : undefined
  if (type === 'entity.parse.failed') return refuse(response, 'INVALID_PAYLOAD', 'The body is no JSON')
  next(error)
}
