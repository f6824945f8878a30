import { readRecord } from './records.ts'
import { admitUser } from './admissions.ts'
import { banUser, forgetUser, revokeTokens, unbanUser } from './change-access.ts'
import { checkHealth } from './check-health.ts'
import { chooseStatus } from './choose-status.ts'
import { cleanupInactive } from './cleanup-inactive.ts'
import { clearMessage } from './clear-message.ts'
import { connectSession } from './connect-session.ts'
import type { ServiceDeps } from './deps.ts'
import { disconnectSession } from './disconnect-session.ts'
import { handleSocketError } from './handle-socket-error.ts'
import { createUserActivity, noteSessionActivity } from './note-activity.ts'
import { createTurns } from './in-turn.ts'
import { refreshListing } from './keep-listing.ts'
import { listSessions, signOutEverywhere, signOutSession } from './own-sessions.ts'
import { eraseUser, exportUser } from './personal-data.ts'
import { readPresence, readPresences, watchUsers } from './read-presence.ts'
import { createExplainer } from './operate/explain-presence.ts'
import { overview } from './operate/overview.ts'
import { reportMessage } from './report-message.ts'
import { previewPresence } from './preview.ts'
import { relationChanged } from './relation-changed.ts'
import { changeSettings, readSettings } from './set-visibility.ts'
import { announcementOf } from './standings.ts'
import { listBlocks, setBlock } from './blocks.ts'
import { isOn, requireOn } from './rollout/rollout.ts'
import type { LiveSearches } from './live-search/live-searches.ts'
import type { PresenceVerbs } from './verbs.ts'

/** Binds the verbs of this room to what they work with. */
export function createVerbs(
  deps: ServiceDeps,
  findProviders: PresenceVerbs['findProviders'],
  searches: LiveSearches,
): PresenceVerbs {
  // A decision may keep a part of the one before, so those of one user take turns (R11).
  const inTurn = createTurns()
  const noteUserActivity = createUserActivity(deps)
  return {
    isOn: (userId) => isOn(deps, userId),
    admit: (userId, issuedAt) => admitUser(deps, userId, issuedAt),
    banUser: (userId) => inTurn(userId, () => banUser(deps, userId)),
    unbanUser: (userId) => inTurn(userId, () => unbanUser(deps, userId)),
    forgetUser: (userId) => inTurn(userId, () => forgetUser(deps, userId)),
    revokeTokens: (userId) => inTurn(userId, () => revokeTokens(deps, userId)),
    connectSession: (userId, socketId, device, issuedAt) => connectSession(deps, userId, socketId, device, issuedAt),
    disconnectSession: (sessionId, reason, evidenceAt) => disconnectSession(deps, sessionId, reason, evidenceAt),
    noteSessionActivity: (sessionId) => noteSessionActivity(deps, sessionId),
    noteUserActivity: async (userId) => {
      if (await isOn(deps, userId)) await noteUserActivity(userId)
    },
    readPresence: (userId, viewerId) => readPresence(deps, userId, viewerId),
    readPresences: (userIds, viewerId) => readPresences(deps, userIds, viewerId),
    watchUsers: (socketId, viewerId, users, known) => watchUsers(deps, socketId, viewerId, users, known),
    unwatchAll: (socketId) => {
      deps.broadcast.watch(socketId, [])
      searches.unwatch(socketId)
    },
    watchProviders: (socketId, query) => searches.watch(socketId, query),
    unwatchProviders: (socketId, watchId) => searches.unwatch(socketId, watchId),
    async chooseStatus(userId, request) {
      await requireOn(deps, userId)
      return inTurn(userId, () => chooseStatus(deps, userId, request))
    },
    reportMessage: (userId, reporterId, reason) => reportMessage(deps, userId, reporterId, reason),
    openReports: (after, limit) => deps.reports.open(after, limit),
    clearMessage: (userId, by) => inTurn(userId, () => clearMessage(deps, userId, by)),
    readSettings: (userId) => readSettings(deps, userId),
    changeSettings: (userId, change) => inTurn(userId, () => changeSettings(deps, userId, change)),
    previewPresence: (userId, as) => previewPresence(deps, userId, as),
    listBlocks: (userId) => listBlocks(deps, userId),
    setBlock: (userId, viewerId, blocked) => inTurn(userId, () => setBlock(deps, userId, viewerId, blocked)),
    relationChanged: (viewerId, userId) => relationChanged(deps, viewerId, userId),
    listSessions: (userId) => listSessions(deps, userId),
    signOutSession: (userId, sessionId) => signOutSession(deps, userId, sessionId),
    signOutEverywhere: (userId) => signOutEverywhere(deps, userId),
    exportUser: (userId, askedBy) => exportUser(deps, userId, askedBy),
    eraseUser: (userId, askedBy) => inTurn(userId, () => eraseUser(deps, userId, askedBy)),
    findProviders,
    refreshDirectory: (userIds) => refreshListing(deps, userIds),
    cleanupInactiveSessions: () => cleanupInactive(deps),
    handleSocketError: (userId, error, socketId) => handleSocketError(deps, userId, error, socketId),
    repeatPresence: async (userId) => {
      deps.broadcast.repeat(announcementOf(await readRecord(deps, userId), deps.hot.now()))
    },
    checkHealth: () => checkHealth(deps),
    explainPresence: createExplainer(deps),
    overview: (after) => overview(deps, after),
  }
}
