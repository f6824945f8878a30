import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import { Login, Provider, User } from './models.js'

export async function signUp({ email, password, name, provider }) {
  const salt = randomBytes(16).toString('hex')
  const user = await User.create({ email, name, passwordHash: `${salt}:${hash(password, salt)}` })
  if (provider) await Provider.create({ ...provider, userId: user.id })
  return logIn({ email, password })
}

/** A new token, or null. */
export async function logIn({ email, password }) {
  const user = await User.findOne({ where: { email: String(email) } })
  if (!user) return null
  const [salt, wanted] = user.passwordHash.split(':')
  if (!timingSafeEqual(Buffer.from(wanted), Buffer.from(hash(String(password), salt)))) return null
  const token = randomBytes(24).toString('hex')
  await Login.create({ token, userId: user.id })
  return { token, user }
}

export async function userOf(token) {
  if (!token) return null
  const login = await Login.findByPk(token, { include: 'user' })
  return login?.user ?? null
}

const hash = (password, salt) => scryptSync(password, salt, 32).toString('hex')
