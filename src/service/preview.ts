import { type PresenceInfo, presenceInfo, viewAt } from '../domain/info.ts'
import type { ServiceDeps } from './deps.ts'
import { readRecord } from './records.ts'

/** As whom users can look at themselves. */
export const PREVIEWS = ['stranger', 'contact', 'blocked'] as const
export type Preview = (typeof PREVIEWS)[number]

/** See {@link PresenceVerbs.previewPresence}. */
export async function previewPresence(deps: ServiceDeps, userId: string, as: Preview): Promise<PresenceInfo> {
  const record = await readRecord(deps, userId)
  const audience = as === 'blocked' ? 'nobody' : as
  return presenceInfo(userId, viewAt(record, { audience, floor: 0, version: 0 }), true)
}
