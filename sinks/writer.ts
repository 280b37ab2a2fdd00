// One batch, one transaction: rows and offsets together, so whatever dies, each record is in its table exactly once.
import type { Batch, OffsetRange } from './batch.ts'
import type { CopyBuffer } from './copy-binary.ts'
import { type Database, type Sql, sqlState } from './database.ts'
import type { PartitionTables } from './partition-tables.ts'
import { eventsByDay, firstEventDay, periodStart } from './partitions.ts'
import type { TableRows } from './rows.ts'

/** Another sink has written since: what this one holds is of no more use, its offsets are to be read again. */
export class SinkFenced extends Error {}

/** Thrown to undo what was tried. */
class TriedOut extends Error {}

const UNIQUE_VIOLATION = '23505'
const CHECK_VIOLATION = '23514'
/** A frozen process must not hold its locks for ever, nor a batch wait for them. */
const settings = { lock_timeout: '5s', idle_in_transaction_session_timeout: '15s' }

/** Where each partition stands: what the sink believes that sink_offsets says. Undefined: nothing was written yet. */
export type Positions = Map<string, number | undefined>

let lastKey = { topic: '', partition: -1, key: '' }

/** Records of one partition come in runs, so the last key is mostly the one that is asked for. */
export function positionKey({ topic, partition }: { topic: string; partition: number }): string {
  if (lastKey.partition !== partition || lastKey.topic !== topic)
    lastKey = { topic, partition, key: `${topic}/${partition}` }
  return lastKey.key
}

export type WriterOptions = {
  db: Database
  sink: string
  months: PartitionTables
  days: PartitionTables
  /** Events of earlier days are not written: their partitions are gone. */
  eventsRetentionDays: number
  nowMs: () => number
}
type How = { readingsBy: 'copy' | 'stage'; eventsFrom: string }
export type Written = { rows: number; hadDuplicates: boolean }

export class Writer {
  readonly #options: WriterOptions

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Partitions without a row have no entry. */
  async readPositions(topics: readonly string[]): Promise<Positions> {
    const { db, sink } = this.#options
    const { rows } = await db.transaction(
      (sql) =>
        sql.query<{ topic: string; partition: number; next: number }>(
          `select topic, topic_partition as partition, next_offset as next from sink_offsets
           where sink = $1 and topic = any($2)`,
          [sink, topics],
        ),
      { readOnly: true },
    )
    return new Map(rows.map((row) => [positionKey(row), Number(row.next)]))
  }

  /** Whether Postgres takes the rows, in a transaction that comes to nothing; throws what it says where it does not. */
  async tryOut(batch: Batch): Promise<void> {
    const tried = this.#options.db.transaction(
      async (sql) => {
        for (const [table, buffer] of batch.tables) await stage(sql, table, buffer)
        throw new TriedOut()
      },
      { settings },
    )
    await tried.catch((error: unknown) => {
      if (!(error instanceof TriedOut)) throw error
    })
  }

  /** Optimistic: COPY straight into the readings. Only where a key is there already, all once more by way of staging. */
  async write(batch: Batch, positions: Positions): Promise<Written> {
    const { months, days, eventsRetentionDays, nowMs } = this.#options
    const firstDay = firstEventDay(nowMs(), eventsRetentionDays)
    await months.ensure(batch.months)
    await days.ensure([...batch.days].filter((day) => day >= firstDay))
    const rows = [...batch.tables.values()].reduce((sum, buffer) => sum + buffer.rows, 0)
    const eventsFrom = periodStart(eventsByDay, firstDay)
    try {
      await this.#transaction(batch, positions, { readingsBy: 'copy', eventsFrom })
      return { rows, hadDuplicates: false }
    } catch (error) {
      if (isPartitionGone(error)) this.#forgetPartitions()
      if (sqlState(error) !== UNIQUE_VIOLATION) throw error
      await this.#transaction(batch, positions, { readingsBy: 'stage', eventsFrom })
      return { rows, hadDuplicates: true }
    }
  }

  #forgetPartitions(): void {
    this.#options.months.forget()
    this.#options.days.forget()
  }

  /**
   * 1. Lock the offsets of the batch's partitions, and check the fence: they are what this sink believes.
   * 2. COPY the readings, or where that met a duplicate, stage them and insert those that are new.
   * 3. Stage everything else; insert what is new, replace what has a lower revision.
   * 4. Store the offsets that come next.
   * 5. Commit. (`transaction` does.)
   */
  #transaction(batch: Batch, positions: Positions, { readingsBy, eventsFrom }: How): Promise<void> {
    const { db, sink } = this.#options
    return db.transaction(
      async (sql) => {
        await checkFence(sql, sink, batch.ranges, positions)
        for (const [table, buffer] of batch.tables) {
          if (table.table === 'sensor_readings' && readingsBy === 'copy')
            await copy(sql, table.table, table, buffer)
          else await stage(sql, table, buffer, table.table === 'events' ? eventsFrom : undefined)
        }
        await storeOffsets(sql, sink, batch.ranges)
      },
      { settings },
    )
  }
}

/** Rows are locked in one order, so that two sinks cannot wait for each other. */
async function checkFence(
  sql: Sql,
  sink: string,
  ranges: readonly OffsetRange[],
  positions: Positions,
): Promise<void> {
  const { rows } = await sql.query<{ topic: string; partition: number; next: number }>(
    `select topic, topic_partition as partition, next_offset as next from sink_offsets
     where sink = $1 and (topic, topic_partition) in (select * from unnest($2::text[], $3::int[]))
     order by topic, topic_partition for update`,
    [sink, ranges.map(({ topic }) => topic), ranges.map(({ partition }) => partition)],
  )
  const stored = new Map(rows.map((row) => [positionKey(row), Number(row.next)]))
  for (const range of ranges) {
    const key = positionKey(range)
    const next = stored.get(key)
    // Control records of transactions take offsets too, so a batch may begin after the position, never before.
    if (next !== positions.get(key) || (next !== undefined && next > range.first))
      throw new SinkFenced(
        `${key} stands at ${next ?? 'its beginning'}, not at ${positions.get(key) ?? 'its beginning'}`,
      )
  }
}

function copy(sql: Sql, target: string, { columns }: TableRows<never>, buffer: CopyBuffer): Promise<void> {
  return sql.copyIn(`copy ${target} (${columns.join(', ')}) from stdin (format binary)`, buffer.finish())
}

/** A row came for a partition that was dropped since it was looked for. Another check is a fault of the row itself. */
export function isPartitionGone(error: unknown): boolean {
  const { constraint } = error as { constraint?: string }
  return sqlState(error) === CHECK_VIOLATION && constraint === undefined
}

/**
 * A batch may hold several revisions, or copies, of one key: of those the first of the highest revision counts.
 * `from`: rows that happened before it are left out.
 */
async function stage(sql: Sql, table: TableRows<never>, buffer: CopyBuffer, from?: string): Promise<void> {
  const staged = `staged_${table.table}`
  const columns = table.columns.join(', ')
  const key = table.key.join(', ')
  const since = from === undefined ? '' : `where occurred_at >= '${from}'`
  await sql.query(`create temp table ${staged} (like ${table.table}) on commit drop`)
  await copy(sql, staged, table, buffer)
  if (table.onConflict === 'append')
    await sql.query(
      `insert into ${table.table} (${columns}) select ${columns} from ${staged} on conflict do nothing`,
    )
  else
    await sql.query(
      `insert into ${table.table} as old (${columns})
       select distinct on (${key}) ${columns} from ${staged} ${since} order by ${key}, revision desc, ctid
       on conflict (${key}) do update set ${table.columns.map((name) => `${name} = excluded.${name}`).join(', ')}
       where excluded.revision > old.revision`,
    )
}

/** Of two sinks that both believe to be the first one inserts its rows here, and the other meets them. */
async function storeOffsets(sql: Sql, sink: string, ranges: readonly OffsetRange[]): Promise<void> {
  const { rowCount } = await sql.query(
    `insert into sink_offsets as old (sink, topic, topic_partition, next_offset)
     select $1, * from unnest($2::text[], $3::int[], $4::bigint[])
     on conflict (sink, topic, topic_partition) do update
       set next_offset = excluded.next_offset, updated_at = now()
       where old.next_offset <= (select first from unnest($2::text[], $3::int[], $5::bigint[]) as f (topic, part, first)
                                 where f.topic = old.topic and f.part = old.topic_partition)`,
    [
      sink,
      ranges.map(({ topic }) => topic),
      ranges.map(({ partition }) => partition),
      ranges.map(({ next }) => next),
      ranges.map(({ first }) => first),
    ],
  )
  if (rowCount !== ranges.length) throw new SinkFenced('another sink has written these partitions first')
}
