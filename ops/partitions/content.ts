// What a table holds, in two numbers: its rows, and the sum over all rows of the first 60 bits of each row's md5. Rows count
// in any order, and two equal rows do not cancel each other out. It depends on the texts of values and on nothing else, so
// another server, or another major version, gives the same.
import type { Sql } from '../../infra/postgres.ts'

export type Content = { rows: number; digest: string }

/** Under these a value has one text only. */
export const contentSettings = {
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'iso_8601',
  extra_float_digits: '1',
  bytea_output: 'hex',
}

/** In a transaction with `contentSettings`. */
export async function contentOf(sql: Sql, table: string, columns: readonly string[]): Promise<Content> {
  const { rows } = await sql.query<{ rows: number; digest: string }>(
    `select count(*) as rows,
       coalesce(sum(('x' || left(md5(row(${columns.join(', ')})::text), 15))::bit(60)::bigint), 0)::text as digest
     from only ${table}`,
  )
  const [found] = rows
  if (found === undefined) throw new Error(`${table} gave no content.`)
  return { rows: found.rows, digest: BigInt(found.digest).toString(16) }
}

export async function columnsOf(sql: Sql, table: string): Promise<string[]> {
  const { rows } = await sql.query<{ name: string }>(
    `select attname::text as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum`,
    [table],
  )
  return rows.map(({ name }) => name)
}

export const isSameContent = (a: Content, b: Content): boolean => a.rows === b.rows && a.digest === b.digest
