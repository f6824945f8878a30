import { SequelizeStorage, Umzug } from 'umzug'
import { sequelize } from './models.js'

const umzug = new Umzug({
  migrations: { glob: ['migrations/*.js', { cwd: import.meta.dirname }] },
  context: sequelize.getQueryInterface(),
  storage: new SequelizeStorage({ sequelize }),
  logger: undefined,
})
await umzug.up()
await sequelize.close()
