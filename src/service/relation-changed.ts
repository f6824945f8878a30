import { noteRelation } from '../domain/steps.ts'
import type { ServiceDeps } from './deps.ts'
import { changeUser } from './records.ts'

/** See {@link PresenceVerbs.relationChanged}. Every node forgets what it was told by the host when it hears of the change. */
export async function relationChanged(deps: ServiceDeps, viewerId: string, userId: string): Promise<void> {
  if (viewerId === userId) return
  deps.relations.forget(viewerId, userId)
  await changeUser(deps, userId, (record, now) => noteRelation(record, viewerId, now, deps.rules))
}
