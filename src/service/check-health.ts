import { PresenceError } from '../domain/errors.ts'
import type { ServiceDeps } from './deps.ts'

/** See {@link PresenceVerbs.checkHealth}. What it finds is what the metrics show from then on. */
export async function checkHealth(deps: ServiceDeps): Promise<{ postgres: boolean; store: boolean }> {
  const { durable, metrics } = deps
  const [postgres, store] = await Promise.all([durable.ping(), storeAnswers(deps)])
  metrics.postgresUp.set(Number(postgres))
  metrics.storeUp.set(Number(store))
  return { postgres, store }
}

async function storeAnswers({ shared }: ServiceDeps): Promise<boolean> {
  try {
    return shared === null || (shared.state().state === 'live' && (await shared.ping()))
  } catch (error) {
    if (error instanceof PresenceError && error.retryable) return false
    throw error
  }
}
