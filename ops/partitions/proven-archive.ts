// What both ways to drop have in common: an archive with exactly what is there, and the last look before it is gone.
import type { ObjectStore } from '../../infra/object-store.ts'
import type { Sql } from '../../infra/postgres.ts'
import type { Partitioning } from '../../sinks/partitions.ts'
import { type Archive, makeArchive, verifiedArchive } from './archive.ts'
import type { BackupProof } from './backup-proof.ts'
import { type Content, columnsOf, contentOf, contentSettings, isSameContent, type Rows } from './content.ts'
import { type Decision, decide } from './decisions.ts'
import { holdsOf } from './holds.ts'
import type { Partition } from './state.ts'
import type { Work } from './work.ts'

export type ToArchive = {
  store: ObjectStore | undefined
  partitioning: Partitioning
  partition: Pick<Partition, 'name' | 'fromMs' | 'toMs'>
  rows: Rows
}

/** The newest archive, if it has exactly what is there now; else a new one. */
export async function archiveOf(work: Work, { store, ...what }: ToArchive): Promise<Archive> {
  const { partition, rows } = what
  if (store === undefined) throw new Error('ARCHIVE_URL is not set.')
  const known = await verifiedArchive(work.db, partition.name)
  if (known !== undefined && known.store === store.name && isSameContent(known, await contentNow(work, rows)))
    return known
  const startMs = performance.now()
  const archive = await makeArchive(work, { store, ...what })
  await decide(work, {
    partition: partition.name,
    decision: 'archived',
    explanation: `${archive.rows} rows in ${archive.bytes} bytes, read back and equal.`,
    numbers: { ...numbersOf(archive), seconds: Number(((performance.now() - startMs) / 1000).toFixed(2)) },
  })
  return archive
}

function contentNow({ db }: Work, rows: Rows): Promise<Content> {
  return db.transaction(async (sql) => contentOf(sql, rows, await columnsOf(sql, rows.like)), {
    ...{ readOnly: true, isSnapshot: true, statementTimeoutMs: 0, settings: contentSettings },
  })
}

const numbersOf = ({ rows, digest, store, key, bytes, sha256 }: Archive) => ({
  ...{ rows, digest, store, key, archiveBytes: bytes, sha256 },
})

export type Drop = {
  partition: string
  /** Where its rows stay if somebody holds it after all. */
  place: string
  archive: Archive
  proof: BackupProof
  /** Removes it and says how many bytes that gives back. */
  remove: (sql: Sql) => Promise<number>
}

/** In the transaction of `sql`: nothing is removed where another process works on it, or a hold came in between. */
export async function dropProven(work: Work, sql: Sql, drop: Drop): Promise<Decision> {
  const { partition, place, archive, proof, remove } = drop
  await work.guard(sql)
  await sql.query('lock table partition_retention_overrides in share mode') // no hold comes in between
  const [hold] = await holdsOf(sql, partition)
  if (hold !== undefined) {
    const explanation = `Held by ${hold.createdBy} since it was looked at; its rows stay in ${place}.`
    return decide(work, { partition, decision: 'held', explanation, numbers: { hold, place } }, sql)
  }
  const freedBytes = await remove(sql)
  await sql.query('update partition_archives set dropped_at = now(), restored_at = null where id = $1', [
    archive.id,
  ])
  return decide(
    work,
    {
      ...{ partition, decision: 'dropped', explanation: `${archive.rows} rows are in the archive.` },
      numbers: { ...numbersOf(archive), freedBytes, backup: proof.numbers },
    },
    sql,
  )
}
