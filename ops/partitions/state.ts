// How the partitions stand: what is there, how far ahead, what is missing, what lies in the default partition.
import type { Postgres } from '../../infra/postgres.ts'
import { eventsByDay, type Partitioning, type Period, readingsByMonth } from '../../sinks/partitions.ts'

/** Months are made one further than must be there, so that three are ahead also in the week in which a month turns. */
export const MONTHS_MADE_AHEAD = 4
export const MONTHS_BEHIND = 1
export const DAYS_AHEAD = 30
export const DAYS_BEHIND = 30

export const partitionings: readonly Partitioning[] = [readingsByMonth, eventsByDay]

export type Partition = {
  name: string
  period: Period
  fromMs: number
  toMs: number
  isDetaching: boolean
  estimatedRows: number
  bytes: number
}

export type TableState = {
  partitioning: Partitioning
  /** False for a hypertable: it makes its chunks itself, and what is called a partition here is a month of them. */
  isPartitioned: boolean
  /** Oldest first. */
  partitions: Partition[]
  defaultTable: string | null
  defaultRows: number
  bytes: number
  estimatedRows: number
  /** Periods after the current one that are there without a gap. */
  ahead: number
  hasCurrent: boolean
  /** Periods that should be there and are not. */
  missing: Period[]
  /** Detached, and not yet dropped. */
  retired: string[]
}

export const RETIRED = 'retired_'

type Row = {
  name: string
  is_default: boolean
  range_from: Date | null
  range_to: Date | null
  is_detaching: boolean
  estimated_rows: number
  bytes: number
}

/** A table that is being detached is behind a lock for a moment: such figures are not worth waiting for. */
const settings = { lock_timeout: '1s' }

export async function readState(
  db: Postgres,
  partitioning: Partitioning,
  nowMs: number,
): Promise<TableState> {
  return db.transaction(
    async (sql) => {
      const { parent } = partitioning
      const { rows } = await sql.query<Row>(
        `select partition_name as name, is_default, range_from, range_to, is_detaching, estimated_rows, bytes
         from partition_state where parent_table = $1 order by range_from`,
        [parent],
      )
      const known = await sql.query<{ found: boolean; retired: string[] }>(
        `select exists (select from pg_partitioned_table where partrelid = $1::regclass) as found,
           array(select relname::text from pg_class where relkind = 'r' and starts_with(relname, $2) order by 1) as retired`,
        [parent, `${RETIRED}${parent}_`],
      )
      const defaultTable = rows.find((row) => row.is_default)?.name ?? null
      const strays =
        defaultTable === null
          ? null
          : await sql.query<{ n: number }>(`select count(*) as n from ${defaultTable}`)
      const partitions = rows.filter((row) => !row.is_default).map((row) => partitionOf(partitioning, row))
      const isPartitioned = known.rows[0]?.found ?? false
      return {
        partitioning,
        isPartitioned,
        partitions,
        defaultTable,
        defaultRows: strays?.rows[0]?.n ?? 0,
        bytes: rows.reduce((sum, { bytes }) => sum + bytes, 0),
        estimatedRows: rows.reduce((sum, row) => sum + row.estimated_rows, 0),
        ...(isPartitioned ? coverage(partitioning, partitions, nowMs) : nothingToMake),
        retired: known.rows[0]?.retired ?? [],
      }
    },
    { readOnly: true, settings },
  )
}

const nothingToMake = { ahead: 0, hasCurrent: true, missing: [] }

function partitionOf({ periodOf }: Partitioning, row: Row): Partition {
  const fromMs = row.range_from?.getTime() ?? 0
  return {
    name: row.name,
    period: periodOf(fromMs),
    fromMs,
    toMs: row.range_to?.getTime() ?? 0,
    isDetaching: row.is_detaching,
    estimatedRows: row.estimated_rows,
    bytes: row.bytes,
  }
}

/** What must be there at `nowMs`; made is one month more. */
export function wantedPeriods({ unit, periodOf }: Partitioning, nowMs: number): Period[] {
  const [behind, ahead] = unit === 'month' ? [MONTHS_BEHIND, MONTHS_MADE_AHEAD] : [DAYS_BEHIND, DAYS_AHEAD]
  const current = periodOf(nowMs)
  return Array.from({ length: behind + ahead + 1 }, (_, index) => current - behind + index)
}

export function coverage(
  partitioning: Partitioning,
  partitions: readonly Pick<Partition, 'period' | 'isDetaching'>[],
  nowMs: number,
): { ahead: number; hasCurrent: boolean; missing: Period[] } {
  const there = new Set(partitions.filter((p) => !p.isDetaching).map(({ period }) => period))
  const current = partitioning.periodOf(nowMs)
  let ahead = 0
  while (there.has(current + ahead + 1)) ahead += 1
  const missing = wantedPeriods(partitioning, nowMs).filter((period) => !there.has(period))
  return { ahead, hasCurrent: there.has(current), missing }
}
