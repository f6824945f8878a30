import { openLine } from './line.ts'
import type { Target } from './target.ts'

let rounds = 0

/** Addresses that nobody else comes from, for a server that believes its proxy. */
const ADDRESS = '192.0.2.77'

/**
 * Two people who do everything right: one watches the other come, be busy, and go. @returns null, or how they were not served
 */
export async function serveGuests({ url, people }: Target): Promise<string | null> {
  const [ana, bo] = people.guests
  const call = async (path: string, init: RequestInit = {}) => {
    const headers = { Authorization: `Bearer ${ana.token}`, 'X-Forwarded-For': ADDRESS }
    const answer = await fetch(url + path, { ...init, headers })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const watcher = await openLine(url, ana.token)
  if (watcher === null) return 'a guest was not let in'
  const watched = watcher.number()
  watcher.send(`42${watched}${JSON.stringify(['watch', { users: [bo.id] }])}`)
  const answered = await watcher.answer(watched)
  try {
    if (typeof answered === 'string') return `a guest's watch: ${answered}`
    const other = await openLine(url, bo.token)
    if (other === null) return 'the other guest was not let in'
    try {
      rounds += 1
      const message = `round ${rounds}`
      const isNews = (update: Record<string, unknown>) =>
        update['userId'] === bo.id && update['custom_message'] === message
      const chosen = other.number()
      other.send(`42${chosen}${JSON.stringify(['setStatus', { status: 'dnd', message }])}`)
      const reply = await other.answer(chosen)
      if (typeof reply === 'string') return `a guest's status: ${reply}`
      if ((reply.reply as { ok?: unknown }).ok !== true) return `a guest's status: ${JSON.stringify(reply.reply)}`
      if ((await watcher.hears('presenceUpdate', isNews)) === null) return 'a guest did not hear of the other'
      const read = await call(`/api/users/presence/${bo.id}`)
      if (read.status !== 200 || read.body['custom_message'] !== message) return `a guest read ${JSON.stringify(read)}`
    } finally {
      other.close()
    }
    const search = await call('/api/providers?limit=1')
    if (search.status !== 200) return `a guest's search: ${JSON.stringify(search)}`
    return null
  } finally {
    watcher.close()
  }
}
