// Sizes over time, and how fast a table grows.
import type { Postgres } from '../../infra/postgres.ts'
import type { Partitioning } from '../../sinks/partitions.ts'
import { readState } from './state.ts'
import type { Work } from './work.ts'

const KEPT_DAYS = 400

export async function takeSamples(
  work: Work,
  partitionings: readonly Partitioning[],
): Promise<Record<string, { partitions: number; bytes: number; estimatedRows: number }>> {
  const samples: Awaited<ReturnType<typeof takeSamples>> = {}
  for (const partitioning of partitionings) {
    const { partitions, bytes, estimatedRows } = await readState(work.db, partitioning, work.nowMs())
    samples[partitioning.parent] = { partitions: partitions.length, bytes, estimatedRows }
    await work.db.query(
      'insert into partition_samples (parent_table, partitions, bytes, estimated_rows) values ($1, $2, $3, $4)',
      [partitioning.parent, partitions.length, bytes, estimatedRows],
    )
  }
  await work.db.query("delete from partition_samples where sampled_at < now() - $1 * interval '1 day'", [
    KEPT_DAYS,
  ])
  return samples
}

/** Bytes a day over the last week, or since there are samples; null: there are none of two different hours yet. */
export async function growthOf(db: Pick<Postgres, 'query'>, parent: string): Promise<number | null> {
  const { rows } = await db.query<{ growth: number | null }>(
    `select (max_by.bytes - min_by.bytes) / nullif(extract(epoch from max_by.sampled_at - min_by.sampled_at) / 86400, 0)
       ::float8 as growth
     from (select * from partition_samples where parent_table = $1 order by sampled_at desc limit 1) max_by,
       (select * from partition_samples where parent_table = $1 and sampled_at > now() - interval '7 days'
        order by sampled_at limit 1) min_by`,
    [parent],
  )
  return rows[0]?.growth ?? null
}
