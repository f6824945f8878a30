import { QueryTypes, type Sequelize } from 'sequelize'
import type { FlagSource } from '../../src/flags/flag-source.ts'

interface Known {
  readonly id: string
  readonly role: string
  readonly city: number | null
}

/** What the reference marketplace's flags may go by: the role of a member, and the city of a provider. */
export const flagAttributes =
  (sequelize: Sequelize): NonNullable<FlagSource['attributes']> =>
  async (userIds) => {
    const known = await sequelize.query<Known>(
      `select u.id::text as id, u.role, p.city_id as city
       from users u left join provider_cards p on p.id = u.id where u.id = any($1::uuid[])`,
      { bind: [userIds], type: QueryTypes.SELECT, logging: false },
    )
    return Object.fromEntries(known.map(({ id, role, city }) => [id, { role, ...(city !== null && { city }) }]))
  }
