// Compares the rows of a replay with those of production, table by table, in SQL. Rows belong to the replay's span; what may
// still change on either side, and units that have had samples of that time since the replay was cut, are left alone.
import type { Sql } from '../../infra/postgres.ts'
import type { Replay } from './replays.ts'
import { type ReplayTable, replayTables } from './tables.ts'

/** added: only the replay has it; removed: only production; changed: both, with other content; open: left alone. */
export type Kind = 'added' | 'removed' | 'changed' | 'open'

export type Compared = ReplayTable & { columns: readonly string[] }

/** The tables that there are, with the columns that both sides have. */
export async function comparedTables(sql: Sql, { schema }: Pick<Replay, 'schema'>): Promise<Compared[]> {
  const { rows } = await sql.query<{ table: string; columns: string[] }>(
    `select t.name as table, array_agg(a.attname::text order by a.attname) as columns
     from unnest($1::text[]) t (name)
     join pg_attribute a on a.attrelid = to_regclass('public.' || t.name)
     join pg_attribute b on b.attrelid = to_regclass($2 || '.' || t.name) and b.attname = a.attname
     where a.attnum > 0 and not a.attisdropped and a.attgenerated = '' group by t.name`,
    [replayTables.map(({ table }) => table), schema],
  )
  const columns = new Map(rows.map((row) => [row.table, row.columns]))
  return replayTables.flatMap((table) => {
    const found = columns.get(table.table)
    return found === undefined ? [] : [{ ...table, columns: found }]
  })
}

/** What every comparison's SQL refers to as $1 to $5. */
export const parametersOf = (replay: Replay, leftAlone: readonly string[]): unknown[] => [
  replay.from,
  replay.to,
  replay.settledTo,
  replay.units,
  leftAlone,
]

/**
 * Units with samples that were received after the cut and belong before `settledTo`: history that was sent late, a dead
 * letter that was retried. Production knows more of them than the replay does.
 */
export async function unitsMovedOn(
  sql: Sql,
  { schema, settledTo, receivedTo, from }: Replay,
): Promise<string[]> {
  const { rows } = await sql.query<{ unit: string }>(
    `select distinct p.unit_id::text as unit from public.sensor_readings p
     where p.recorded_at >= $1::timestamptz - interval '32 days' and p.recorded_at < $2 and p.received_at > $3
       and not exists (select from ${schema}.sensor_readings r where r.unit_id = p.unit_id
         and r.recorded_at = p.recorded_at and r.device_id = p.device_id and r.simulated = p.simulated)
     order by 1`,
    [from, settledTo, receivedTo ?? settledTo],
  )
  return rows.map(({ unit }) => unit)
}

/**
 * A query with a row for each difference: `kind`, the key's columns, `at`, and both rows as JSON. All parameters are
 * mentioned in each, so that one list of them serves all tables.
 */
export function differences(compared: Compared, schema: string): string {
  const { table, key, columns, ignored, isOpen, isOfUnits } = compared
  const content = columns.filter((column) => !ignored.includes(column) && !key.includes(column))
  const of = (row: string) => `(${content.map((column) => `${row}.${column}`).join(', ')})`
  const open = (row: string) => (isOpen === null ? 'false' : `coalesce(${row}.is_open, false)`)
  const side = (source: string) => `select *, ${isOpen ?? 'false'} as is_open from ${source}.${table}
    where ${compared.isIn} and not (${compared.isRetracted})
      and ($4::uuid[] is null or ${isOfUnits('$4')}) and not ${isOfUnits('$5')}
      and $3::timestamptz is not null`
  return `select case when ${open('p')} or ${open('r')} then 'open' when p.${key[0]} is null then 'added'
      when r.${key[0]} is null then 'removed' else 'changed' end as kind,
    ${key.map((column) => `coalesce(r.${column}, p.${column}) as ${column}`).join(', ')},
    coalesce(r.${compared.at}, p.${compared.at}) as at,
    to_jsonb(p) - 'is_open' as before, to_jsonb(r) - 'is_open' as after
    from (${side('public')}) p full join (${side(schema)}) r on ${key.map((column) => `p.${column} = r.${column}`).join(' and ')}
    where p.${key[0]} is null or r.${key[0]} is null ${content.length > 0 ? `or ${of('p')} is distinct from ${of('r')}` : ''}`
}
