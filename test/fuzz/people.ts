import { SignJWT } from 'jose'

/** The secret of the server that is fuzzed. */
export const SECRET = 'secret of this fuzzing'
export const OPS_TOKEN = 'operations of this fuzzing'

/** How many users garbage may speak as, and how many it may speak of. */
export const ACTORS = 10
const SPOKEN_OF = 15
const NOBODY = '00000000-0000-4000-8000-000000000000'

/** Fills in what inputs only name: `{user3}`, `{token3}`, so that they read the same in every run. */
export interface People {
  readonly name: (text: string) => string
  /** Two users of whom no input speaks: what they are told depends on nobody but themselves. */
  readonly guests: readonly [Guest, Guest]
  readonly tokenOf: (actor: number) => string
}

export interface Guest {
  readonly id: string
  readonly token: string
}

/** Reads who there is from the demo's own list. */
export async function readPeople(url: string): Promise<People> {
  const answer = await fetch(`${url}/api/demo/users?limit=100&role=provider`)
  const { users } = (await answer.json()) as { users: { id: string }[] }
  const ids = users.map(({ id }) => id)
  const tokens = await Promise.all(ids.slice(0, ACTORS).map((id) => sign(id)))
  const names: Record<string, string> = {
    nobody: NOBODY,
    expired: await sign(ids[0], { expires: 1 }),
    forged: await sign(ids[0], { secret: 'another' }),
    stranger: await sign(NOBODY),
    nameless: await sign(undefined),
    odd: await sign('no\0id'),
    staff: await sign(ids[1], { role: 'staff' }),
    ops: OPS_TOKEN,
  }
  for (const [i, id] of ids.slice(0, SPOKEN_OF).entries()) names[`user${i}`] = id
  for (const [i, token] of tokens.entries()) names[`token${i}`] = token
  const [one = '', other = ''] = ids.slice(SPOKEN_OF)
  return {
    name: (text) => text.replaceAll(/\{([a-z]+\d*)\}/g, (whole, name: string) => names[name] ?? whole),
    guests: [
      { id: one, token: await sign(one) },
      { id: other, token: await sign(other) },
    ],
    tokenOf: (actor) => tokens[actor % ACTORS] ?? '',
  }
}

/** @param claims.expires in seconds since 1970. @default in twelve hours */
function sign(
  userId: string | undefined,
  { secret = SECRET, expires, role }: { secret?: string; expires?: number; role?: string } = {},
): Promise<string> {
  const token = new SignJWT(role === undefined ? {} : { role }).setProtectedHeader({ alg: 'HS256' })
  if (userId !== undefined) token.setSubject(userId)
  return token.setExpirationTime(expires ?? '12h').sign(new TextEncoder().encode(secret))
}
