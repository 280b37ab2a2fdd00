// What a table holds, in two numbers: its rows, and the sum over all rows of the first 60 bits of each row's md5. Rows count
// in any order, and two equal rows do not cancel each other out. It depends on the texts of values and on nothing else, so
// another server, or another major version, gives the same.
import type { Sql } from '../../infra/postgres.ts'
import { type Partitioning, type Period, periodStart } from '../../sinks/partitions.ts'

export type Content = { rows: number; digest: string }

/** `like`: the table whose columns the rows have. `from`: what stands after FROM to get them. */
export type Rows = { like: string; from: string }

export const rowsOfTable = (table: string): Rows => ({ like: table, from: `only ${table}` })

/** Of a hypertable, where a period is no table of its own. */
export function rowsOfPeriod(partitioning: Partitioning, period: Period): Rows {
  const { parent, column } = partitioning
  const [from, to] = [periodStart(partitioning, period), periodStart(partitioning, period + 1)]
  return {
    like: parent,
    from: `(select * from ${parent} where ${column} >= '${from}' and ${column} < '${to}') period`,
  }
}

/** Under these a value has one text only. */
export const contentSettings = {
  timezone: 'UTC',
  datestyle: 'ISO, YMD',
  intervalstyle: 'iso_8601',
  extra_float_digits: '1',
  bytea_output: 'hex',
}

/** In a transaction with `contentSettings`. */
export async function contentOf(sql: Sql, rows: Rows, columns: readonly string[]): Promise<Content> {
  const { rows: sums } = await sql.query<{ rows: number; digest: string }>(
    `select count(*) as rows,
       coalesce(sum(('x' || left(md5(row(${columns.join(', ')})::text), 15))::bit(60)::bigint), 0)::text as digest
     from ${rows.from}`,
  )
  const [found] = sums
  if (found === undefined) throw new Error(`${rows.like} gave no content.`)
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
