import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  type Model,
  type ModelStatic,
  type Sequelize,
} from 'sequelize'

export const ROLES = ['client', 'provider', 'staff'] as const
export type Role = (typeof ROLES)[number]

/** A member of the reference marketplace, as the marketplace itself knows them: nothing of presence. */
export interface MarketplaceUser
  extends Model<InferAttributes<MarketplaceUser>, InferCreationAttributes<MarketplaceUser>> {
  id: string
  name: string
  role: Role
  created_at: CreationOptional<Date>
}

/** The marketplace's own models, defined the way an existing application would have them. */
export function defineMarketplace(sequelize: Sequelize): { User: ModelStatic<MarketplaceUser> } {
  const User = sequelize.define<MarketplaceUser>(
    'User',
    {
      id: { type: DataTypes.UUID, primaryKey: true },
      name: { type: DataTypes.TEXT, allowNull: false },
      role: { type: DataTypes.TEXT, allowNull: false },
      created_at: { type: DataTypes.DATE, allowNull: false, defaultValue: DataTypes.NOW },
    },
    { tableName: 'users', timestamps: false },
  )
  return { User }
}
