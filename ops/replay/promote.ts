// `coldstream replay promote`: the rows of the replay take the place of production's, all of the span in one transaction.
// Only tables change: no topic gets a record, so whoever tells people of alerts hears nothing.
import type { Postgres, Sql } from '../../infra/postgres.ts'
import { type Compared, comparedTables, differences, parametersOf, unitsMovedOn } from './comparison.ts'
import type { Replay } from './replays.ts'

export type Promoted = { table: string; written: number; takenBack: number }[]

/**
 * 1. Take the lock that every sink's batch takes: batches under way end first, later ones wait or come again.
 * 2. Compare anew, under the lock: what `diff` has shown may have changed.
 * 3. Write what was added or changed, with a revision above both sides', so that an old record of the sink's cannot come
 *    over it, and the next one of production's can.
 * 4. Take back what the replay does not have; rows without revisions are deleted.
 * 5. Note it, and commit.
 */
export async function promoteReplay(db: Postgres, replay: Replay): Promise<Promoted> {
  return db.transaction(
    async (sql) => {
      await sql.query('lock table public.sink_offsets in exclusive mode')
      const values = parametersOf(replay, await unitsMovedOn(sql, replay))
      const promoted: Promoted = []
      for (const compared of await comparedTables(sql, replay))
        promoted.push(await promoteTable(sql, compared, replay.schema, values))
      await sql.query("update replays set state = 'promoted', promoted_at = now() where name = $1", [
        replay.name,
      ])
      return promoted.filter(({ written, takenBack }) => written + takenBack > 0)
    },
    { statementTimeoutMs: 0, settings: { timezone: 'UTC' } },
  )
}

async function promoteTable(sql: Sql, compared: Compared, schema: string, values: unknown[]) {
  const { table, key, retract } = compared
  const found = `promoted_${table}`
  await sql.query(
    `create temp table ${found} on commit drop as
     select kind, ${key.join(', ')} from (${differences(compared, schema)}) d where kind <> 'open'`,
    values,
  )
  const isKey = (row: string) => key.map((column) => `${row}.${column} = f.${column}`).join(' and ')
  const taken =
    retract === null
      ? await sql.query(
          `delete from public.${table} t using ${found} f where f.kind <> 'added' and ${isKey('t')}`,
        )
      : await sql.query(
          `update public.${table} t set ${retract}, revision = revision + 1
           from ${found} f where f.kind = 'removed' and ${isKey('t')}`,
        )
  const written = await sql.query(writeSql(compared, schema, found, isKey('r')))
  const { rows } = await sql.query<{ changed: number }>(
    `select count(*) as changed from ${found} where kind = 'changed'`,
  )
  const replaced = retract === null ? (rows[0]?.changed ?? 0) : 0
  return { table, written: written.rowCount, takenBack: taken.rowCount - replaced }
}

function writeSql(
  { table, key, columns, retract }: Compared,
  schema: string,
  found: string,
  isKey: string,
): string {
  const place = table === 'events' ? ` and ${hasPartition}` : ''
  const from = `from ${schema}.${table} r join ${found} f on f.kind in ('added', 'changed') and ${isKey}${place}`
  if (retract === null)
    return `insert into public.${table} (${columns.join(', ')}) select ${columns.map((name) => `r.${name}`).join(', ')} ${from}`
  const others = columns.filter((name) => name !== 'revision')
  return `insert into public.${table} as old (${others.join(', ')}, revision)
    select ${others.map((name) => `r.${name}`).join(', ')}, r.revision + 1 ${from}
    on conflict (${key.join(', ')}) do update set ${others.map((name) => `${name} = excluded.${name}`).join(', ')},
      revision = greatest(old.revision + 1, excluded.revision)`
}

/** Days whose events are no longer kept have no partition, and get none by a replay. */
const hasPartition = `exists (select from public.partition_state s where s.parent_table = 'events'
  and r.occurred_at >= s.range_from and r.occurred_at < s.range_to)`
