// Drops a month of a hypertable. There is no table to detach, so it is archived and compared where it lies: while the last
// comparison runs, whoever writes a reading of that very month waits, and nobody else does.
import type { Sql } from '../../infra/postgres.ts'
import { periodStart } from '../../sinks/partitions.ts'
import type { Archive } from './archive.ts'
import { untilFree } from './attempts.ts'
import type { BackupProof } from './backup-proof.ts'
import { contentOf, contentSettings, isSameContent, rowsOfPeriod } from './content.ts'
import type { Decision } from './decisions.ts'
import { archiveOf, dropProven, type ToArchive } from './proven-archive.ts'
import { refused } from './refused.ts'
import type { Partition } from './state.ts'
import type { Work } from './work.ts'

export type Month = Omit<ToArchive, 'rows' | 'partition'> & {
  partition: Partition
  proof: BackupProof
  withinMs: number
}

/** A month that is written again and again while it is archived is no month to drop. */
const ARCHIVES_MAX = 3

/**
 * 1. Archive the month and read the archive back, unless one of the very same content is there.
 * 2. In one transaction: keep writers out of its chunks, compare once more, look for holds, drop.
 * 3. Where it was written in between, nothing is dropped, and it begins anew.
 */
export async function retireChunks(work: Work, month: Month): Promise<Decision> {
  const { partitioning, partition, withinMs } = month
  const rows = rowsOfPeriod(partitioning, partition.period)
  for (let made = 0; made < ARCHIVES_MAX; made += 1) {
    const archive = await archiveOf(work, { ...month, rows })
    const dropped = await untilFree(partition.name, work, { withinMs }, () => drop(work, month, archive))
    if (dropped !== 'was written') return dropped
  }
  throw refused(`${partition.name} is still being written: it was another one after each of its archives.`)
}

/** Waiting for a chunk's lock is short: readers of that month would queue behind. */
const locking = { ...contentSettings, lock_timeout: '1s' }

function drop(work: Work, month: Month, archive: Archive): Promise<Decision | 'was written'> {
  const { partitioning, partition, proof } = month
  return work.db.transaction(
    async (sql) => {
      const chunks = await chunksOf(sql, partition)
      const list = chunks.map(({ chunk }) => chunk).join(', ')
      await sql.query(`lock table ${list} in share mode nowait`)
      const rows = rowsOfPeriod(partitioning, partition.period)
      if (!isSameContent(await contentOf(sql, rows, archive.columns), archive)) return 'was written'
      return dropProven(work, sql, {
        ...{ partition: partition.name, place: partitioning.parent, archive, proof },
        remove: async () => {
          await dropChunks(sql, month, chunks.length)
          return chunks.reduce((sum, { bytes }) => sum + bytes, 0)
        },
      })
    },
    { statementTimeoutMs: 0, settings: locking },
  )
}

type Chunk = { chunk: string; bytes: number }

async function chunksOf(sql: Sql, { fromMs, toMs }: Partition): Promise<Chunk[]> {
  const { rows } = await sql.query<Chunk>(
    'select chunk, bytes from reading_chunks where range_start >= $1 and range_start < $2 order by range_start',
    [new Date(fromMs), new Date(toMs)],
  )
  return rows
}

/** A chunk that was made after the comparison is dropped with the others: then there are more of them, and all is undone. */
async function dropChunks(sql: Sql, { partitioning, partition }: Month, compared: number): Promise<void> {
  const { parent, column } = partitioning
  const [from, to] = [partition.period, partition.period + 1].map((p) => periodStart(partitioning, p))
  const { rowCount: dropped } = await sql.query(
    `select drop_chunks('${parent}', older_than => '${to}'::timestamptz, newer_than => '${from}'::timestamptz)`,
  )
  const { rowCount: left } = await sql.query(
    `select 1 from ${parent} where ${column} >= '${from}' and ${column} < '${to}' limit 1`,
  )
  if (left > 0)
    throw refused(`${partition.name} is not whole chunks: set_chunk_time_interval must divide a day.`)
  if (dropped !== compared)
    throw refused(`${partition.name} got a chunk while it was dropped; the next run begins anew.`)
}
