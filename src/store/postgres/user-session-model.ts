import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'
import { PresenceError } from '../../domain/errors.ts'
import { DEVICE_TYPES, type DeviceType } from '../../domain/session.ts'

/** A row of `user_sessions` (4.1). Presence writes them; the host reads them. */
interface UserSession extends Model<InferAttributes<UserSession>, InferCreationAttributes<UserSession>> {
  id: string
  user_id: string | number
  socket_id: string
  device_type: DeviceType
  ip_address: string | null
  user_agent: string | null
  connected_at: Date
  /** Connect, coarse flush, or end: never a heartbeat. */
  last_ping: Date
  is_active: CreationOptional<boolean>
}
export type UserSessionModel = ModelStatic<UserSession>

const NAME = 'UserSession'
const TABLE = 'user_sessions'

const isUserSession = (model: ModelStatic<Model>): model is UserSessionModel => model.getTableName() === TABLE

/**
 * Defines the model `UserSession`, or gives back the one that an earlier call defined. With the host's model of users
 * it belongs to it, as `user`.
 *
 * @throws {PresenceError} SCHEMA_CONFLICT the host has another model of that name
 */
export function defineUserSession(sequelize: Sequelize, User?: ModelStatic<Model>): UserSessionModel {
  if (sequelize.isDefined(NAME)) {
    const defined = sequelize.model(NAME)
    if (isUserSession(defined)) return defined
    throw new PresenceError('SCHEMA_CONFLICT', `There is a model ${NAME} for another table than ${TABLE}; rename it.`)
  }
  const model = sequelize.define<UserSession>(
    NAME,
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      user_id: { type: User?.rawAttributes[User.primaryKeyAttribute]?.type ?? DataTypes.UUID, allowNull: false },
      socket_id: { type: DataTypes.TEXT, allowNull: false },
      device_type: { type: DataTypes.ENUM(...DEVICE_TYPES), allowNull: false, defaultValue: 'web' },
      ip_address: { type: DataTypes.TEXT },
      user_agent: { type: DataTypes.TEXT },
      connected_at: { type: DataTypes.DATE, allowNull: false },
      last_ping: { type: DataTypes.DATE, allowNull: false },
      is_active: { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: true },
    },
    { tableName: TABLE, timestamps: false, underscored: true, paranoid: false },
  )
  if (User) model.belongsTo(User, { foreignKey: 'user_id', as: 'user', onDelete: 'CASCADE' })
  return model
}
