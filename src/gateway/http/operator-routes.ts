import { type RequestHandler, Router } from 'express'
import { parseKnownSamples } from '../../protocol/schemas/operator.ts'
import { parseUserId } from '../../protocol/schemas/user-ids.ts'
import { wordExplanation, wordOverview } from '../operator-words.ts'
import { forCallerOnly, type HttpDoor } from './door.ts'
import { securityHeaders } from './harden.ts'
import { type IsOperator, operatorsOnly } from './operator.ts'
import { operatorPage } from './page-routes.ts'
import { problemHandler } from './problem.ts'

export interface OperatorDoor extends Pick<HttpDoor, 'verbs' | 'codec' | 'log' | 'metrics'> {
  readonly isOperator: IsOperator
  /** Where the built page lies; undefined: nobody built it. */
  readonly page: string | undefined
  /** @default '/ops' */
  readonly path?: string | undefined
  /** Whether this process is about to stop (R54). */
  readonly isDraining?: () => boolean
}

/** What operators see: how the system is, and why a user is shown as they are. The page itself tells nobody anything. */
export function createOperatorRouter(door: OperatorDoor): Router {
  const { verbs, codec, log, metrics, isOperator, page, path = '/ops', isDraining } = door
  const router = Router()
  const operators: RequestHandler[] = [forCallerOnly, operatorsOnly(isOperator)]
  router.use(path, securityHeaders())
  router.get(`${path}/data`, ...operators, async (request, response) => {
    const overview = await verbs.overview(parseKnownSamples(request.query))
    response.json(wordOverview(overview, isDraining?.() === true))
  })
  router.get(`${path}/users/:userId`, ...operators, async (request, response) => {
    const { viewer } = request.query
    const userId = parseUserId(String(request.params['userId']), codec)
    const viewerId = typeof viewer === 'string' && viewer !== '' ? parseUserId(viewer, codec) : null
    response.json(wordExplanation(await verbs.explainPresence(userId, viewerId)))
  })
  if (page !== undefined) router.use(path, operatorPage(page))
  router.use(problemHandler(log, metrics))
  return router
}
