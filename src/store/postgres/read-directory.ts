import { createHash } from 'node:crypto'
import { foldName } from '../../domain/fold-name.ts'
import type { UserIdCodec } from '../../domain/user-id.ts'
import type { Database } from './database.ts'
import type { DirectorySql } from './directory.ts'

/** A provider as the host's directory has them now. */
export interface DirectoryEntry {
  readonly userId: string
  /** '' for none: they are found by those who ask for no city. */
  readonly city: string
  readonly services: readonly string[]
  readonly rating: number | null
  readonly price: number | null
  /** Folded (`foldName`); '' when the host names no column for it. */
  readonly nameKey: string
  /** What is given out of them, as JSON. */
  readonly fields: string
  /** Differs when anything of the above does. */
  readonly digest: string
}

interface DirectoryRow extends Readonly<Record<string, unknown>> {
  readonly id: string
  readonly city: string | null
  readonly services: readonly string[] | null
  readonly rating: number | null
  readonly price: number | null
  readonly name: string | null
}

/** Which providers: these, or some after one in order of their ids. */
export type DirectoryPart =
  | { readonly userIds: readonly string[] }
  | { readonly after: string | null; readonly limit: number }

/** Reads the host's own tables, in order of user ids. */
export function directoryReader(database: Database, { sqlType }: UserIdCodec, directory: DirectorySql) {
  const { table, id, city, rating, price, name, fields, services } = directory
  const offered =
    services === null
      ? `'{}'::text[]`
      : `(select array_agg(distinct s.${services.service}::text) from ${services.table} s where s.${services.provider} = d.${id})`
  const select = `
    select d.${id}::text as id, d.${city}::text as city, ${offered} as services, d.${rating}::float8 as rating,
      d.${price}::float8 as price, ${name === null ? 'null' : `d.${name}::text`} as name
      ${fields.map(({ column }, i) => `, d.${column} as f${i}`).join('')}
    from ${table} d`
  return async (part: DirectoryPart): Promise<DirectoryEntry[]> => {
    const rows =
      'userIds' in part
        ? await database.rows<DirectoryRow>(`${select} where d.${id} = any($1::${sqlType}[]) order by d.${id}`, [
            part.userIds,
          ])
        : await database.rows<DirectoryRow>(
            `${select} where ${part.after === null ? 'true' : `d.${id} > $2::${sqlType}`} order by d.${id} limit $1`,
            part.after === null ? [part.limit] : [part.limit, part.after],
          )
    return rows.map((row) => entryOf(row, fields))
  }
}

function entryOf(row: DirectoryRow, fields: DirectorySql['fields']): DirectoryEntry {
  const entry = {
    userId: row.id,
    city: row.city ?? '',
    services: (row.services ?? []).toSorted(),
    rating: row.rating,
    price: row.price,
    nameKey: foldName(row.name ?? ''),
    fields: JSON.stringify(Object.fromEntries(fields.map(({ name }, i) => [name, row[`f${i}`]]))),
  }
  return { ...entry, digest: createHash('sha1').update(JSON.stringify(entry)).digest('base64url') }
}
