import {
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type ResponseConfig,
  type RouteConfig,
} from '@asteasolutions/zod-to-openapi'
import { z } from 'zod'
import * as answers from './answers.ts'
import { explanationShape, overviewQueryShape, overviewShape } from './operator.ts'
import { providerQueryShape } from './provider-query.ts'
import { reportShape } from './report.ts'
import { blocksShape, previewQueryShape, settingsChangeShape, settingsShape } from './settings.ts'
import { statusChangeShape } from './status-change.ts'
import { batchQueryShape } from './user-ids.ts'

/** Version of the HTTP contract. */
const CONTRACT_VERSION = '1.0.0'

const PROBLEM_WORDS = {
  400: 'What was sent is not acceptable; `code` says which part',
  401: 'No token, or one that is not valid',
  403: 'This is not for the caller, or the account is barred',
  404: 'There is no such thing',
  413: 'The body is too large',
  422: 'The message was rejected',
  429: 'Too many calls at once',
  503: 'Not available just now; a retry can help',
} as const
type ProblemStatus = keyof typeof PROBLEM_WORDS

/** The OpenAPI 3.1 description of every HTTP call (4.3), made from the shapes that check them. */
export function createOpenApiDocument(): object {
  const registry = new OpenAPIRegistry()
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' })
  registry.registerComponent('securitySchemes', 'operations', { type: 'http', scheme: 'bearer' })
  for (const route of routes()) registry.registerPath(route)
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: { title: 'Porchlight', version: CONTRACT_VERSION, description: 'Live presence for marketplaces.' },
  })
}

const routes = (): RouteConfig[] => [
  ...presenceRoutes(),
  ...settingsRoutes(),
  ...sessionRoutes(),
  ...personalRoutes(),
  ...reportRoutes(),
  providerRoute(),
  ...operationsRoutes(),
]

function presenceRoutes(): RouteConfig[] {
  const base = '/api/users/presence'
  const userId = z.object({ userId: z.string() })
  return [
    call('get', base, 'Presences of many users', answers.presencesShape, [400, 401, 503], { query: batchQueryShape }),
    call(
      'get',
      `${base}/{userId}`,
      'The presence of a user, as the caller may see it',
      answers.presenceInfoShape,
      [400, 401, 404, 503],
      {
        params: userId,
      },
    ),
    call('patch', `${base}/status`, "Choose one's status", answers.presenceInfoShape, [400, 401, 413, 422, 429, 503], {
      body: jsonBody(statusChangeShape),
    }),
  ]
}

function settingsRoutes(): RouteConfig[] {
  const base = '/api/users/presence'
  const params = z.object({ userId: z.string() })
  return [
    call('get', `${base}/settings`, "One's settings", settingsShape, [401, 503]),
    call('patch', `${base}/settings`, 'Decide what others may know', settingsShape, [400, 401, 413, 429, 503], {
      body: jsonBody(settingsChangeShape),
    }),
    call('get', `${base}/settings/preview`, 'What others see of oneself', answers.presenceInfoShape, [400, 401, 503], {
      query: previewQueryShape,
    }),
    call('get', `${base}/blocks`, 'Whom one blocks, the latest first', blocksShape, [401, 503]),
    call('put', `${base}/blocks/{userId}`, 'Block a user', null, [400, 401, 404, 429, 503], { params }),
    call('delete', `${base}/blocks/{userId}`, 'Block a user no more', null, [400, 401, 429, 503], { params }),
  ]
}

function sessionRoutes(): RouteConfig[] {
  const path = '/api/users/presence/sessions'
  const params = z.object({ id: z.uuid() })
  return [
    call('get', path, "One's own devices", answers.sessionsShape, [401, 503]),
    call('delete', path, 'Sign all of them out', answers.endedShape, [401, 429, 503]),
    call('delete', `${path}/{id}`, 'Sign one of them out', null, [400, 401, 404, 429, 503], { params }),
  ]
}

function personalRoutes(): RouteConfig[] {
  const path = '/api/users/presence/data'
  return [
    call('get', path, 'All that is held of oneself', answers.userDataShape, [401, 404, 429, 503]),
    call(
      'delete',
      path,
      'Have all of it erased, and be signed out everywhere',
      answers.erasedShape,
      [401, 404, 429, 503],
    ),
  ]
}

function reportRoutes(): RouteConfig[] {
  const base = '/api/users/presence'
  const params = z.object({ userId: z.string() })
  const query = z.object({ cursor: z.string().optional() })
  return [
    call(
      'post',
      `${base}/{userId}/reports`,
      'Report the message that a user shows',
      null,
      [400, 401, 404, 413, 429, 503],
      {
        params,
        body: jsonBody(reportShape),
      },
    ),
    call(
      'get',
      `${base}/reports`,
      'Reports that nobody has settled; for staff',
      answers.reportsShape,
      [400, 401, 403, 503],
      { query },
    ),
    call(
      'delete',
      `${base}/{userId}/message`,
      "Take a user's message away; for staff",
      null,
      [400, 401, 403, 404, 503],
      { params },
    ),
  ]
}

const providerRoute = (): RouteConfig => ({
  method: 'get',
  path: '/api/providers',
  summary: 'Search providers; everybody gets the same answer',
  request: { query: providerQueryShape },
  responses: { 200: jsonAnswer('OK', answers.providerListShape), ...problems([400, 503]) },
})

const OPERATORS = [{ operations: [] }, { bearer: [] }]

const operationsRoutes = (): RouteConfig[] => [
  {
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process is alive',
    responses: { 200: jsonAnswer('OK', answers.livenessShape) },
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Whether it can serve, and which part cannot',
    responses: {
      200: jsonAnswer('OK', answers.readinessShape),
      503: jsonAnswer('Not ready', answers.readinessShape),
    },
  },
  {
    method: 'get',
    path: '/metrics',
    summary: "Measurements in Prometheus' text format",
    security: [{ operations: [] }, {}],
    responses: {
      200: { description: 'OK', content: { 'text/plain': { schema: z.string() } } },
      ...problems([401, 403]),
    },
  },
  {
    method: 'get',
    path: '/ops/data',
    summary: 'How the system is; for operators',
    security: OPERATORS,
    request: { query: overviewQueryShape },
    responses: { 200: jsonAnswer('OK', overviewShape), ...problems([400, 401, 403]) },
  },
  {
    method: 'get',
    path: '/ops/users/{userId}',
    summary: 'Why a user has the status they are shown with; for operators',
    security: OPERATORS,
    request: { params: z.object({ userId: z.string() }), query: z.object({ viewer: z.string().optional() }) },
    responses: { 200: jsonAnswer('OK', explanationShape), ...problems([400, 401, 403]) },
  },
  {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    responses: { 200: jsonAnswer('OK', z.looseObject({})) },
  },
]

/** A call that needs a token. `answer` null: an empty one. */
const call = (
  method: RouteConfig['method'],
  path: string,
  summary: string,
  answer: z.ZodType | null,
  refusals: readonly ProblemStatus[],
  request: NonNullable<RouteConfig['request']> = {},
): RouteConfig => ({
  method,
  path,
  summary,
  request,
  security: [{ bearer: [] }],
  responses: {
    ...(answer === null ? { 204: { description: 'Done' } } : { 200: jsonAnswer('OK', answer) }),
    ...problems([...refusals, 403]),
  },
})

const jsonBody = (schema: z.ZodType) => ({ required: true, content: { 'application/json': { schema } } })

const jsonAnswer = (description: string, schema: z.ZodType): ResponseConfig => ({
  description,
  content: { 'application/json': { schema } },
})

const problems = (statuses: readonly ProblemStatus[]): Record<string, ResponseConfig> =>
  Object.fromEntries(
    statuses.map((status) => [
      String(status),
      { description: PROBLEM_WORDS[status], content: { 'application/problem+json': { schema: answers.problemShape } } },
    ]),
  )
