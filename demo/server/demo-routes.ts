import { Router } from 'express'
import { QueryTypes, type Sequelize } from 'sequelize'
import { uuidIds } from '../../src/domain/user-id.ts'
import { ROLES, type Role } from './models.ts'
import { refuse } from './problem.ts'
import { readLimit } from './query.ts'

interface DemoUser {
  readonly id: string
  readonly name: string
  readonly role: Role
}

interface DemoRoutesOptions {
  readonly sequelize: Sequelize
  /** The role is in it: that is what lets staff in where reports are settled. */
  readonly signToken: (userId: string, role: Role) => string | Promise<string>
}

/** What makes the demo playable: a list of people, and a token for any of them. Mounted only when `DEMO` is on. */
export function demoRoutes({ sequelize, signToken }: DemoRoutesOptions): Router {
  const router = Router()

  router.post('/login', async (request, response) => {
    const body: unknown = request.body
    const given = typeof body === 'object' && body !== null && 'user_id' in body ? body.user_id : undefined
    const id = typeof given === 'string' ? uuidIds.parse(given) : null
    if (id === null) return refuse(response, 'INVALID_ID', 'user_id is a UUID')
    const [user] = await sequelize.query<DemoUser>('select id, name, role from users where id = $1', {
      bind: [id],
      type: QueryTypes.SELECT,
      logging: false,
    })
    if (user === undefined) return refuse(response, 'USER_NOT_FOUND', 'There is no such user')
    response.json({ token: await signToken(id, user.role), user })
  })

  router.get('/users', async (request, response) => {
    const limit = readLimit(request.query['limit'])
    if (limit === null) return refuse(response, 'INVALID_QUERY', 'limit is a whole number from 1 to 100')
    const role = readRole(request.query['role'])
    if (role === undefined) {
      return refuse(response, 'INVALID_QUERY', `role is one of ${ROLES.join(', ')}`)
    }
    const after = readCursor(request.query['cursor'], role)
    if (after === undefined) {
      return refuse(response, 'INVALID_CURSOR', 'cursor is the next_cursor of an earlier answer to this query')
    }
    const users = await listUsers(sequelize, { role, after, limit: limit + 1 })
    const page = users.slice(0, limit)
    const last = page.at(-1)
    const next_cursor = users.length > limit && last !== undefined ? writeCursor(last.id, role) : null
    response.json({ users: page, next_cursor })
  })

  return router
}

interface UserQuery {
  readonly role: Role | null
  readonly after: string | null
  readonly limit: number
}

function listUsers(sequelize: Sequelize, { role, after, limit }: UserQuery): Promise<DemoUser[]> {
  const conditions = ['true']
  const bind: (string | number)[] = [limit]
  if (role !== null) conditions.push(`role = $${bind.push(role)}`)
  if (after !== null) conditions.push(`id > $${bind.push(after)}`)
  const sql = `select id, name, role from users where ${conditions.join(' and ')} order by id limit $1`
  return sequelize.query<DemoUser>(sql, { bind, type: QueryTypes.SELECT, logging: false })
}

/** @returns null for any role, undefined for what is none */
function readRole(text: unknown): Role | null | undefined {
  return text === undefined ? null : ROLES.find((role) => role === text)
}

const writeCursor = (id: string, role: Role | null): string =>
  Buffer.from(JSON.stringify(['u1', role, id])).toString('base64url')

/** @returns the id to go on after, null for the first page, undefined for a cursor that this query never gave */
function readCursor(text: unknown, role: Role | null): string | null | undefined {
  if (text === undefined) return null
  if (typeof text !== 'string') return undefined
  try {
    const fields: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
    if (!Array.isArray(fields) || fields[0] !== 'u1' || fields[1] !== role || typeof fields[2] !== 'string') {
      return undefined
    }
    return uuidIds.parse(fields[2]) ?? undefined
  } catch {
    return undefined
  }
}
