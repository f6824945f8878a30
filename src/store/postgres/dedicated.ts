import { type Options, Sequelize } from 'sequelize'

/** What pg's client tells of its own end. */
const tellsEnd = (raw: unknown): raw is { once(event: 'end', listener: () => void): unknown } =>
  typeof raw === 'object' && raw !== null && 'once' in raw

/** Where Sequelize keeps what it was made with; not in its types. */
const keepsOptions = (sequelize: object): sequelize is { options: Options } => 'options' in sequelize

/**
 * A Sequelize with the host's settings and exactly one connection, which is never reaped.
 *
 * @param onEnd that connection ended
 */
export function dedicated(host: Sequelize, onEnd: () => void = () => {}): Sequelize {
  const { database, username, password, host: address, port } = host.config
  const access = { database, username, password, host: address, port: Number(port) }
  const pool = { max: 1, min: 0, idle: Number.MAX_SAFE_INTEGER }
  const options = { ...(keepsOptions(host) ? host.options : {}), ...access }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null))
  const sequelize = new Sequelize({ ...given, dialect: 'postgres', pool, logging: false })
  sequelize.addHook('afterConnect', (raw: unknown) => {
    if (tellsEnd(raw)) raw.once('end', onEnd)
  })
  return sequelize
}
