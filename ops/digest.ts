// `coldstream digest`: one number for the content of each table, so that two runs, or a database and its restored backup,
// can be compared. It does not depend on the order in which rows were written.
import type { Command } from 'commander'
import { readConfig } from '../infra/config.ts'
import { openPostgres, type Postgres, type Sql } from '../infra/postgres.ts'

export type TableDigest = { table: string; rows: number; digest: string }

/**
 * What must be equal between two runs over the same uplinks. Left out: `sink_offsets`, where in Kafka a row came from
 * (transactions and retries move offsets), and `failed_at` and `explanation` of dead letters, which tell of the run.
 * `received_at` stays in: it is the bridge's clock, but it is logged with the uplink. `revision` stays out: it counts how
 * often the outside was told, which depends on what had come by then, while the content is what the last one says. For
 * the same reason what was retracted counts as if it never was.
 * The registry is not here: it is an input, and says when it was changed.
 */
export const leftOut: Record<string, readonly string[]> = {
  sensor_readings: [],
  excursions: ['revision'],
  door_events: ['revision'],
  door_openings: ['revision'],
  silences: ['revision'],
  budgets: ['revision'],
  unit_status_changes: ['revision'],
  alerts: ['revision'],
  gateway_incidents: ['revision'],
  rollups: ['revision'],
  quarantine: [],
  late_readings: [],
  dead_letters: [
    'topic_partition',
    'topic_offset',
    'source_partition',
    'source_offset',
    'failed_at',
    'explanation',
  ],
}

export const digestTables: readonly string[] = Object.keys(leftOut)

/** SQL over a row of the table: whether it was taken back. */
export const isRetracted: Record<string, string> = {
  ...{
    excursions: "state = 'retracted'",
    door_openings: "state = 'retracted'",
    silences: "state = 'retracted'",
    gateway_incidents: "state = 'retracted'",
    budgets: "state = 'retracted'",
  },
  ...{ alerts: "status = 'retracted'", door_events: 'retracted', unit_status_changes: 'retracted' },
  rollups: 'retracted',
}

/** `withRevisions`: for runs that are equal to the last record, such as a sink that was killed and one that was not: retractions count, too. */
export type DigestOptions = {
  withRevisions?: boolean
  /** Columns left out of every table, such as `received_at` where the same uplinks were sent twice to two pipelines. */
  without?: readonly string[]
}

/** All of one moment: a snapshot, so it may run while the sink writes. */
export async function digest(db: Postgres, options: DigestOptions = {}): Promise<TableDigest[]> {
  return db.transaction(
    async (sql) => {
      const months = await readingMonths(sql)
      const digests: TableDigest[] = []
      for (const table of digestTables.filter((name) => name !== 'sensor_readings'))
        digests.push(await digestOf(sql, table, table, options))
      for (const { name, from } of months)
        digests.push({ ...(await digestOf(sql, from, 'sensor_readings', options)), table: name })
      return digests.sort((a, b) => (a.table < b.table ? -1 : 1))
    },
    { readOnly: true, isSnapshot: true, statementTimeoutMs: 0, settings: { timezone: 'UTC' } },
  )
}

const tablesOfMonths = `select inhrelid::regclass::text as name, inhrelid::regclass::text as from
  from pg_inherits where inhparent = 'sensor_readings'::regclass order by 1`

const monthsOfRows = `select to_char(month at time zone 'UTC', '"sensor_readings_y"YYYY"m"MM') as name,
    format('(select * from sensor_readings where recorded_at >= %L and recorded_at < %L) month', month,
      (month at time zone 'UTC' + interval '1 month') at time zone 'UTC') as from
  from (select distinct date_trunc('month', recorded_at, 'UTC') as month from sensor_readings) months order by 1`

/**
 * A month without readings says nothing, so that whether its table exists makes no difference. A hypertable has no tables of
 * months; named as if it had, it compares with a database that has them.
 */
async function readingMonths(sql: Sql): Promise<{ name: string; from: string }[]> {
  const kind = await sql.query<{ partitioned: boolean }>(
    "select relkind = 'p' as partitioned from pg_class where oid = 'sensor_readings'::regclass",
  )
  const { rows } = await sql.query<{ name: string; from: string }>(
    kind.rows[0]?.partitioned ? tablesOfMonths : monthsOfRows,
  )
  const found: { name: string; from: string }[] = []
  for (const month of rows)
    if ((await sql.query(`select 1 from ${month.from} limit 1`)).rowCount > 0) found.push(month)
  return found
}

/**
 * The sum, over all rows, of the first 60 bits of each row's md5: it takes rows in any order, and two equal rows do not
 * cancel each other out. Instants are compared in UTC, whatever the session's zone.
 */
async function digestOf(
  sql: Sql,
  source: string,
  table: string,
  options: DigestOptions,
): Promise<TableDigest> {
  const usual = (leftOut[table] ?? []).filter((name) => !(options.withRevisions && name === 'revision'))
  const out = [...usual, ...(options.without ?? [])]
  const columns = await sql.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attname <> all($2) order by attname`,
    [table, out],
  )
  const all = options.withRevisions ? 'true' : `not (${isRetracted[table] ?? 'false'})`
  const row = columns.rows.map(({ name }) => name).join(', ')
  const { rows } = await sql.query<{ count: number; sum: string }>(
    `select count(*) as count, coalesce(sum(('x' || left(md5(row_to_json(r)::text), 15))::bit(60)::bigint), 0)::text as sum
     from (select ${row} from ${source} where ${all}) r`,
  )
  return { table: source, rows: rows[0]?.count ?? 0, digest: BigInt(rows[0]?.sum ?? 0).toString(16) }
}

export function digestCommand(program: Command): void {
  program
    .command('digest')
    .description('one number for the content of each table, to compare two runs or a backup')
    .option('--json', 'print JSON')
    .option('--with-revisions', 'compare revisions and what was retracted, too')
    .option('--without <columns...>', 'leave these columns out, such as received_at')
    .action(async ({ json = false, ...options }: DigestOptions & { json?: boolean }) => {
      const db = openPostgres(readConfig(['DATABASE_URL']).DATABASE_URL, { connectionsMax: 1 })
      try {
        const tables = await digest(db, options)
        const text = json ? JSON.stringify(tables, null, 2) : tables.map(lineOf).join('\n')
        process.stdout.write(`${text}\n`)
      } finally {
        await db.end()
      }
    })
}

const lineOf = ({ table, rows, digest: sum }: TableDigest) =>
  `${table.padEnd(28)}${String(rows).padStart(12)}  ${sum}`
