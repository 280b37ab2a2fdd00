// Brings rows of the default partition home, month by month. Rows move in one transaction, so no reader ever misses one;
// the default partition is locked only for what came meanwhile and for the attaching, and other months never.
import type { Sql } from '../../infra/postgres.ts'
import { attach, rangeCheck } from '../../sinks/partition-tables.ts'
import { type Period, periodStart, readingsByMonth } from '../../sinks/partitions.ts'
import { lockNow, untilFree } from './attempts.ts'
import { refused } from './refused.ts'
import type { Work } from './work.ts'

const DEFAULT = 'sensor_readings_default'

export type Moved = { partition: string; rows: number; lockedMs: number }

/** A hypertable has no default partition. */
export async function strayMonths(sql: Pick<Sql, 'query'>): Promise<{ period: Period; rows: number }[]> {
  const known = await sql.query<{ found: boolean }>('select to_regclass($1) is not null as found', [DEFAULT])
  if (!known.rows[0]?.found) return []
  const { rows } = await sql.query<{ month: Date; rows: number }>(
    `select date_trunc('month', recorded_at, 'UTC') as month, count(*) as rows from ${DEFAULT} group by 1 order by 1`,
  )
  return rows.map(({ month, rows: count }) => ({
    period: readingsByMonth.periodOf(month.getTime()),
    rows: count,
  }))
}

export async function moveStrays(work: Work, withinMs: number): Promise<Moved[]> {
  const moved: Moved[] = []
  for (const { period } of await strayMonths(work.db)) {
    await makeHome(work, period)
    const done = await moveMonth(work, period, withinMs)
    work.report(
      `Moved ${done.rows} rows into ${done.partition}; it was locked for ${done.lockedMs.toFixed(0)} ms.`,
    )
    moved.push(done)
  }
  return moved
}

/**
 * In a transaction of its own: while the table is there and not attached, the sink sees it and goes on writing into the
 * default partition. One that is there with its check is left from a move that was cut short.
 */
async function makeHome({ db }: Work, period: Period): Promise<void> {
  const table = readingsByMonth.nameOf(period)
  await db.transaction(async (sql) => {
    const { rows } = await sql.query<{ exists: boolean; ours: boolean }>(
      `select to_regclass($1) is not null as exists,
         exists (select from pg_constraint where conrelid = to_regclass($1) and conname = $2) as ours`,
      [table, `${table}_range`],
    )
    if (rows[0]?.ours) return
    if (rows[0]?.exists)
      throw refused(
        `${table} is there, is no partition, and was not made for the strays: look what it holds, and rename or drop it.`,
      )
    await sql.query(
      `create table ${table} (like sensor_readings including all, ${rangeCheck(readingsByMonth, period)})`,
    )
  })
}

/**
 * 1. Move all rows of the month: they are locked one by one, the table is not.
 * 2. Lock the default partition, without waiting in the queue; where that fails, only this step is repeated.
 * 3. Move what came meanwhile.
 * 4. Attach. Postgres looks through what is left in the default partition, which is nothing or little. 5. Commit.
 */
async function moveMonth(work: Work, period: Period, withinMs: number): Promise<Moved> {
  const partition = readingsByMonth.nameOf(period)
  return work.db.transaction(
    async (sql) => {
      const first = await moveRows(sql, period)
      let lockedAtMs = 0
      const second = await untilFree(partition, work, { withinMs }, async () => {
        await sql.query('savepoint before_lock')
        try {
          await lockNow(sql, [DEFAULT])
          lockedAtMs = performance.now()
          const rows = await moveRows(sql, period)
          await attach(sql, readingsByMonth, period)
          return rows
        } catch (error) {
          await sql.query('rollback to savepoint before_lock')
          throw error
        }
      })
      return { partition, rows: first + second, lockedMs: performance.now() - lockedAtMs }
    },
    { statementTimeoutMs: 0, settings: { lock_timeout: '50ms' } },
  )
}

async function moveRows(sql: Sql, period: Period): Promise<number> {
  const [from, to] = [periodStart(readingsByMonth, period), periodStart(readingsByMonth, period + 1)]
  const { rowCount } = await sql.query(
    `with moved as (delete from ${DEFAULT} where recorded_at >= '${from}' and recorded_at < '${to}' returning *)
     insert into ${readingsByMonth.nameOf(period)} select * from moved`,
  )
  return rowCount
}
