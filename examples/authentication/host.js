import { jwtVerify, SignJWT } from 'jose'

const key = new TextEncoder().encode(process.env.SESSION_SECRET ?? 'only for trying out')

/** A token for an hour. Issued to the millisecond: it may follow a revocation of the same second. */
export const signToken = (userId) =>
  new SignJWT({ sub: String(userId) })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt(Date.now() / 1000)
    .setExpirationTime('1h')
    .sign(key)

/** Whose token this is, and what Porchlight has to know of it. Throws when it is not valid. */
export async function verifyToken(token) {
  const { payload } = await jwtVerify(token, key, { algorithms: ['HS256'] })
  return { id: payload.sub, expiresAt: payload.exp * 1000, issuedAt: payload.iat * 1000 }
}

/** Requests and connections were checked before they come here. */
export const identify = (from) => ('handshake' in from ? from.data.caller : (from.caller ?? null))

/** Checks who comes, before Porchlight sees them. `presence()` because that is made later. */
export function addChecks({ app, io, presence }) {
  const check = async (token) => {
    const caller = await verifyToken(token)
    const allowed = await presence().service.isAllowed(caller.id, { issuedAt: caller.issuedAt })
    if (!allowed) throw new Error('not allowed')
    return caller
  }
  io.use((socket, next) => {
    check(socket.handshake.auth.token).then((caller) => {
      socket.data.caller = caller
      next()
    }, next)
  })
  app.use((req, res, next) => {
    const token = req.headers.authorization?.replace(/^Bearer /, '')
    if (!token) return next()
    check(token).then(
      (caller) => {
        req.caller = caller
        next()
      },
      () => res.sendStatus(401),
    )
  })
}

/** What the host's own buttons do. */
export function addRoutes({ app, User, presence }) {
  const user = (req, res, next) => (req.caller ? next() : res.sendStatus(401))
  const staff = (req, res, next) => (req.headers['x-staff'] === 'yes' ? next() : res.sendStatus(403))

  // Everywhere else: this device goes on with a token of its own.
  app.post('/logout-everywhere', user, async (req, res) => {
    await presence.service.signOutEverywhere(req.caller.id, { revokeTokens: true })
    res.json({ token: await signToken(req.caller.id) })
  })
  app.post('/staff/users/:id/ban', staff, async (req, res) => {
    await presence.service.ban(req.params.id)
    res.sendStatus(204)
  })
  app.delete('/staff/users/:id', staff, async (req, res) => {
    await User.destroy({ where: { id: req.params.id } })
    await presence.service.userDeleted(req.params.id)
    res.sendStatus(204)
  })
}
