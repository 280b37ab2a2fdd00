// Makes the monthly tables of the readings before a batch needs them. Attaching a finished table takes no lock that a
// reader or writer of other months would wait for; where a long query is in the way, it gives up soon and tries again.
import type { Database, Sql } from './database.ts'
import { type Month, monthStart, monthTable } from './partitions.ts'

const LOCK = 20_260_301_04
const LOCK_TIMEOUT = '2s'

/** A month that was dropped meanwhile is noticed after so long; until then its strays go to the default partition. */
const KNOWN_FOR_MS = 60_000

export class MonthTables {
  readonly #db: Database
  readonly #nowMs: () => number
  readonly #knownAtMs = new Map<Month, number>()

  /** `db` without PgBouncer in front. */
  constructor(db: Database, nowMs: () => number) {
    this.#db = db
    this.#nowMs = nowMs
  }

  async ensure(months: Iterable<Month>): Promise<void> {
    for (const month of months) {
      const nowMs = this.#nowMs()
      if (nowMs - (this.#knownAtMs.get(month) ?? Number.NEGATIVE_INFINITY) < KNOWN_FOR_MS) continue
      await this.#db.transaction((sql) => ensureMonth(sql, month), {
        settings: { lock_timeout: LOCK_TIMEOUT },
      })
      this.#knownAtMs.set(month, nowMs)
    }
  }
}

/**
 * Any number of sinks may want it at once: they take turns by a lock that ends with the transaction. A month that is there
 * is found before it, so that nobody waits for it behind a month that is being made.
 */
async function ensureMonth(sql: Sql, month: Month): Promise<void> {
  const table = monthTable(month)
  if (await isAttached(sql, table)) return
  await sql.query('select pg_advisory_xact_lock($1)', [LOCK])
  if (await isAttached(sql, table)) return
  const [from, to] = [monthStart(month), monthStart(month + 1)]
  // A table that is there and not attached is an archived or a half-made month: it is not ours to fill silently.
  await sql.query(`create table ${table} (like sensor_readings including all,
    constraint ${table}_month check (recorded_at >= '${from}' and recorded_at < '${to}'))`)
  await sql.query(
    `alter table sensor_readings attach partition ${table} for values from ('${from}') to ('${to}')`,
  )
  await sql.query(`alter table ${table} drop constraint ${table}_month`)
}

async function isAttached(sql: Sql, table: string): Promise<boolean> {
  const { rows } = await sql.query('select 1 from pg_inherits where inhrelid = to_regclass($1)', [table])
  return rows.length > 0
}
