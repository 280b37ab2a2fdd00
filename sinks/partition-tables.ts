// Makes the partitions that a batch needs before it is copied. Attaching a finished table takes no lock that a reader or
// writer of other partitions would wait for; where a long query is in the way, it gives up soon and tries again.
import { type Database, type Sql, sqlState } from './database.ts'
import { type Partitioning, type Period, periodStart } from './partitions.ts'

const LOCK = 20_260_301_04
const LOCK_TIMEOUT = '2s'
const CHECK_VIOLATION = '23514'

/** A partition that was dropped meanwhile is noticed after so long; until then its strays go to the default partition. */
const KNOWN_FOR_MS = 60_000

/** default: something of its name or of its range is in the way, so its rows go to the default partition until that is gone. */
export type Ensured = 'there' | 'made' | 'default' | 'not partitioned'

export type PartitionTablesOptions = {
  /** Without PgBouncer in front. */
  db: Database
  partitioning: Partitioning
  nowMs: () => number
  onDefault?: (table: string) => void
}

export class PartitionTables {
  readonly #options: PartitionTablesOptions
  readonly #knownAtMs = new Map<Period, number>()

  constructor(options: PartitionTablesOptions) {
    this.#options = options
  }

  async ensure(periods: Iterable<Period>): Promise<void> {
    const { db, partitioning, nowMs, onDefault } = this.#options
    for (const period of periods) {
      const atMs = nowMs()
      if (atMs - (this.#knownAtMs.get(period) ?? Number.NEGATIVE_INFINITY) < KNOWN_FOR_MS) continue
      const ensured = await ensurePartition(db, partitioning, period)
      if (ensured === 'default') onDefault?.(partitioning.nameOf(period))
      this.#knownAtMs.set(period, atMs)
    }
  }

  /** A row met a partition that is gone. */
  forget(): void {
    this.#knownAtMs.clear()
  }
}

export async function ensurePartition(
  db: Database,
  partitioning: Partitioning,
  period: Period,
  lockTimeout = LOCK_TIMEOUT,
): Promise<Ensured> {
  try {
    return await db.transaction((sql) => make(sql, partitioning, period), {
      settings: { lock_timeout: lockTimeout },
    })
  } catch (error) {
    // The default partition holds rows of the range: attaching waits until the housekeeper has moved them.
    if (sqlState(error) === CHECK_VIOLATION) return 'default'
    throw error
  }
}

/**
 * Any number of sinks may want it at once: they take turns by a lock that ends with the transaction. One that is there is
 * found before it, so that nobody waits for it behind one that is being made.
 */
async function make(sql: Sql, partitioning: Partitioning, period: Period): Promise<Ensured> {
  const { parent, nameOf } = partitioning
  const table = nameOf(period)
  const found = await state(sql, parent, table)
  if (!found.partitioned) return 'not partitioned' // a hypertable makes its chunks itself
  if (found.attached) return 'there'
  await sql.query('select pg_advisory_xact_lock($1)', [LOCK])
  const now = await state(sql, parent, table)
  if (now.attached) return 'there'
  // A table that is there and not attached is being restored or was left half-made: it is not ours to fill silently.
  if (now.exists && now.hasDefault) return 'default'
  await sql.query(`create table ${table} (like ${parent} including all, ${rangeCheck(partitioning, period)})`)
  await attach(sql, partitioning, period)
  return 'made'
}

/** The table must have the check of its range, so that nothing is scanned under the lock. */
export async function attach(sql: Sql, partitioning: Partitioning, period: Period): Promise<void> {
  const { parent, nameOf } = partitioning
  const table = nameOf(period)
  const [from, to] = [periodStart(partitioning, period), periodStart(partitioning, period + 1)]
  await sql.query(`alter table ${parent} attach partition ${table} for values from ('${from}') to ('${to}')`)
  await sql.query(`alter table ${table} drop constraint ${table}_range`)
}

export function rangeCheck(partitioning: Partitioning, period: Period): string {
  const { column, nameOf } = partitioning
  const [from, to] = [periodStart(partitioning, period), periodStart(partitioning, period + 1)]
  return `constraint ${nameOf(period)}_range check (${column} >= '${from}' and ${column} < '${to}')`
}

type State = { partitioned: boolean; hasDefault: boolean; exists: boolean; attached: boolean }

async function state(sql: Sql, parent: string, table: string): Promise<State> {
  const { rows } = await sql.query<State>(
    `select exists (select from pg_partitioned_table where partrelid = $1::regclass) as partitioned,
       exists (select from pg_partitioned_table where partrelid = $1::regclass and partdefid <> 0) as "hasDefault",
       to_regclass($2) is not null as exists,
       exists (select from pg_inherits where inhrelid = to_regclass($2) and not inhdetachpending) as attached`,
    [parent, table],
  )
  return rows[0] ?? { partitioned: false, hasDefault: false, exists: false, attached: false }
}
