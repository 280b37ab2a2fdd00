// How the partitions stand, for /health. A probe must not wait for the database: it gets what was read last, and asking
// lets it be read again.
import type { Query } from './database.ts'

export type PartitionHealth = {
  table: string
  count: number
  /** Newest instant that has a partition made for it. */
  until: Date | null
  hasCurrent: boolean
  defaultRowsEstimate: number
  bytes: number
}

const FRESH_MS = 15_000
const FIRST_WITHIN_MS = 1_000

const sql = `
  select tables.name as table, count(*) filter (where not is_default) as count, max(range_to) as until,
    coalesce(bool_or(range_from <= now() and now() < range_to), false) as "hasCurrent",
    coalesce(sum(estimated_rows) filter (where is_default), 0)::float8 as "defaultRowsEstimate",
    coalesce(sum(bytes), 0)::float8 as bytes
  from (values ('events'), ('sensor_readings')) tables (name)
  left join partition_state on parent_table = tables.name group by 1 order by 1`

export const readPartitionHealth = (query: Query) => query<PartitionHealth>(sql, [])

export function partitionHealth(query: Query): () => Promise<PartitionHealth[] | 'unknown'> {
  let known: PartitionHealth[] | 'unknown' = 'unknown'
  let readAtMs = Number.NEGATIVE_INFINITY
  const read = async () => {
    known = await readPartitionHealth(query).catch(() => 'unknown' as const)
  }
  return async () => {
    if (performance.now() - readAtMs < FRESH_MS) return known
    readAtMs = performance.now()
    const reading = read()
    if (known === 'unknown') await Promise.race([reading, pause(FIRST_WITHIN_MS)])
    return known
  }
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref()
  })
