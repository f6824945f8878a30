import { DataTypes, Sequelize } from 'sequelize'

export const sequelize = new Sequelize(process.env.DATABASE_URL, { logging: false, define: { underscored: true } })

const id = { type: DataTypes.UUID, primaryKey: true, defaultValue: DataTypes.UUIDV4 }

export const User = sequelize.define('User', {
  id,
  email: DataTypes.STRING,
  passwordHash: DataTypes.STRING,
  name: DataTypes.STRING,
})
User.prototype.toJSON = function () {
  const { passwordHash, ...shown } = this.get()
  return shown
}

export const Login = sequelize.define('Login', { token: { type: DataTypes.STRING, primaryKey: true } })
Login.belongsTo(User, { as: 'user' })

export const Provider = sequelize.define('Provider', {
  id,
  trade: DataTypes.STRING,
  city: DataTypes.STRING,
  rating: DataTypes.INTEGER,
})
Provider.belongsTo(User, { as: 'user' })

export const Order = sequelize.define('Order', { id, text: DataTypes.TEXT })
Order.belongsTo(User, { as: 'client' })
Order.belongsTo(User, { as: 'worker' })

export const Message = sequelize.define('Message', { id, text: DataTypes.TEXT })
Message.belongsTo(User, { as: 'sender' })
Message.belongsTo(User, { as: 'recipient' })
