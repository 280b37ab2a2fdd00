// What a database holds, in one number a table, so that a restored backup can be held against what was backed up. Unlike
// `coldstream digest` it takes every table and column: a backup must bring all of it back.
import type { Row, Sql } from '../postgres.ts'

export type TableFingerprint = { table: string; rows: number; digest: string }

/** Text of values depends on these. Of the transaction only. */
const settings = {
  timezone: 'UTC',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  bytea_output: 'hex',
  extra_float_digits: '1',
  search_path: 'public',
}

/**
 * The sum, over a table's rows, of a 64-bit hash of each row's text: the order of rows makes no difference, a value more or
 * less does. Partitions are tables of their own here. Call it in a transaction: it changes settings.
 */
export async function fingerprint(sql: Sql): Promise<TableFingerprint[]> {
  for (const [key, value] of Object.entries(settings))
    await sql.query('select set_config($1, $2, true)', [key, value])
  const found: TableFingerprint[] = []
  for (const table of await tablesOf(sql)) found.push(await fingerprintOf(sql, table))
  return found
}

/** Those of extensions are made by them again, and TimescaleDB keeps its chunks in schemas of its own. */
async function tablesOf(sql: Sql): Promise<string[]> {
  const { rows } = await sql.query<{ table: string }>(
    `select format('%I.%I', n.nspname, c.relname) as table
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and c.relpersistence = 'p'
       and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
       and (n.nspname not like '\\_timescaledb\\_%' or n.nspname = '_timescaledb_internal' and c.relname like '%chunk')
       and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
     order by 1`,
  )
  return rows.map(({ table }) => table)
}

async function fingerprintOf(sql: Sql, table: string): Promise<TableFingerprint> {
  const { rows } = await sql.query<Row & { count: number; sum: string }>(
    `select count(*) as count, coalesce(sum(hashtextextended(t::text, 0)), 0)::text as sum from only ${table} t`,
  )
  return { table, rows: rows[0]?.count ?? 0, digest: rows[0]?.sum ?? '0' }
}

/** In words; empty where both are the same. */
export function differencesOf(
  backedUp: readonly TableFingerprint[],
  restored: readonly TableFingerprint[],
): string[] {
  const found = new Map(restored.map((entry) => [entry.table, entry]))
  const differences = backedUp.flatMap(({ table, rows, digest }) => {
    const other = found.get(table)
    found.delete(table)
    if (other === undefined) return [`${table} is missing`]
    if (other.rows !== rows) return [`${table} has ${other.rows} rows, not ${rows}`]
    return other.digest === digest ? [] : [`${table} has ${rows} rows as it should, but not the same ones`]
  })
  return [...differences, ...[...found.keys()].map((table) => `${table} was not backed up`)]
}
