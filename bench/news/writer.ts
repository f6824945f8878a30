// Makes changes to users by a script, at a pace. It is no part of what is measured.
import type { Link } from '../../src/store/redis/link.ts'
import { seededChance } from '../chance.ts'
import { createPacer } from '../load/pacer.ts'
import { serveVerbs } from '../processes/serve-verbs.ts'
import { commitOf, commitScript, userAt } from './mechanisms.ts'
import { openLink } from './open-link.ts'
import type { NewsPlan, WriterVerbs } from './verbs.ts'

let link: Link | null = null
let plan: NewsPlan | null = null
let version = 0
const chance = seededChance(1)

const verbs: WriterVerbs = {
  async open(given) {
    plan = given
    link = await openLink(given.urls)
  },
  async make(perSecond, forMs) {
    if (link === null || plan === null) throw new Error('It was not opened')
    const { mechanism, users } = plan
    const [to, script] = [link, commitScript(mechanism)]
    let failure: unknown = null
    const underWay = new Set<Promise<unknown>>()
    const made = await createPacer(() => {
      const userId = userAt(Math.floor(chance() * users))
      const commit = commitOf(mechanism, userId, ++version)
      const result: Promise<unknown> = to
        .run(script, commit.keys, commit.args)
        .catch((error: unknown) => {
          failure = error
        })
        .finally(() => underWay.delete(result))
      underWay.add(result)
    })(perSecond, forMs)
    await Promise.all(underWay)
    if (failure) throw failure
    return made
  },
}

serveVerbs(verbs)
