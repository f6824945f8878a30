import { type Audience, type Standing, viewAt } from '../info.ts'
import { pairWith } from '../pairs.ts'
import type { UserRecord } from '../user-record.ts'
import { versionTime } from '../version.ts'
import type { View } from '../view.ts'
import { pastText } from './words.ts'

/** What one viewer is told of a user, and why. */
export interface ExplainedViewer {
  readonly viewerId: string
  readonly audience: Audience
  readonly view: View
  readonly sentence: string
}

/**
 * Explains what a viewer is told.
 *
 * @param standing null: they are the user themself
 */
export function explainViewer(
  record: UserRecord,
  viewerId: string,
  standing: Standing | null,
  now: number,
): ExplainedViewer {
  if (standing === null)
    return { viewerId, audience: 'own', view: record.own, sentence: 'They see themself, as they are.' }
  const { audience } = standing
  return { viewerId, audience, view: viewAt(record, standing), sentence: sentenceOf(record, viewerId, audience, now) }
}

function sentenceOf({ pairs }: UserRecord, viewerId: string, audience: Standing['audience'], now: number): string {
  if (audience === 'stranger') return 'They are told what strangers are: nothing is between the two.'
  if (audience === 'contact') return 'They are told what contacts are: the host says that the two deal with each other.'
  const since = pastText(versionTime(pairWith(pairs, viewerId)?.version ?? 0), now)
  return `They are blocked since ${since}, and are shown somebody who is offline.`
}
