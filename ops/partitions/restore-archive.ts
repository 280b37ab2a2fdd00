// Brings an archived partition back, with one command: its rows are loaded into a table of their own, compared with the
// archive, and attached. Where the partition is there again (something late was written), they are added to it. A hold with
// an end keeps the next retention from taking it away at once.
import type { ObjectStore } from '../../infra/object-store.ts'
import type { Sql } from '../../infra/postgres.ts'
import { attach, rangeCheck } from '../../sinks/partition-tables.ts'
import type { Partitioning, Period } from '../../sinks/partitions.ts'
import { type Archive, ArchiveDiffers, archiveInStore, load, verifiedArchive } from './archive.ts'
import { lockNow, untilFree } from './attempts.ts'
import { contentOf, contentSettings, isSameContent, rowsOfTable } from './content.ts'
import { decide } from './decisions.ts'
import { addHold } from './holds.ts'
import { refused } from './refused.ts'
import { readState } from './state.ts'
import type { Work } from './work.ts'

export type Restore = {
  store: ObjectStore
  partitioning: Partitioning
  period: Period
  /** Held for so long, in the name of `by`. */
  keepDays: number
  by: string
  withinMs: number
}

export type Restored = { partition: string; rows: number; addedRows: number; heldUntil: Date }

const DAY_MS = 86_400_000

export async function restoreArchive(work: Work, restore: Restore): Promise<Restored> {
  const { partitioning, period, store } = restore
  const partition = partitioning.nameOf(period)
  const archive =
    (await verifiedArchive(work.db, partition)) ??
    (await archiveInStore(store, partitioning.parent, partition))
  if (archive === undefined)
    throw refused(`${partition} has no archive, neither in partition_archives nor in ${store.name}.`)
  const { partitions, isPartitioned } = await readState(work.db, partitioning, work.nowMs())
  // A hypertable takes rows of any time.
  const target = isPartitioned ? partition : partitioning.parent
  const isThere = !isPartitioned || partitions.some(({ name }) => name === partition)
  const heldUntil = new Date(work.nowMs() + restore.keepDays * DAY_MS)
  const reason = 'restored from its archive'
  await addHold(work.db, { partition, reason, createdBy: restore.by, expiresAt: heldUntil })
  const addedRows = isThere
    ? await addRows(work, restore, archive, target)
    : await attachRestored(work, restore, archive)
  await work.db.query('update partition_archives set restored_at = now() where id = $1', [archive.id])
  await decide(work, {
    ...{ partition, decision: 'restored', explanation: `${addedRows} of ${archive.rows} rows were missing.` },
    numbers: { rows: archive.rows, digest: archive.digest, addedRows, heldUntil, key: archive.key },
  })
  return { partition, rows: archive.rows, addedRows, heldUntil }
}

const loading = { statementTimeoutMs: 0, settings: contentSettings }

async function loadSame(sql: Sql, store: ObjectStore, archive: Archive, table: string): Promise<void> {
  const found = await load(sql, store, archive, table)
  if (!isSameContent(found, archive)) throw new ArchiveDiffers(archive, found)
}

async function attachRestored(work: Work, restore: Restore, archive: Archive): Promise<number> {
  const { partitioning, period, store, withinMs } = restore
  const { parent } = partitioning
  const table = partitioning.nameOf(period)
  await work.db.transaction(async (sql) => {
    if (await isLeftBefore(sql, table, archive)) return
    await sql.query(
      `create table ${table} (like ${parent} including all, ${rangeCheck(partitioning, period)})`,
    )
    await loadSame(sql, store, archive, table)
  }, loading)
  const { defaultTable } = await readState(work.db, partitioning, work.nowMs())
  await untilFree(table, work, { withinMs }, () =>
    work.db.transaction(
      async (sql) => {
        if (defaultTable !== null) await lockNow(sql, [defaultTable])
        await attach(sql, partitioning, period)
      },
      { settings: { lock_timeout: '50ms' } },
    ),
  )
  return archive.rows
}

/** An earlier restore that found the locks taken has loaded it, and only the attaching is left. */
async function isLeftBefore(sql: Sql, table: string, archive: Archive): Promise<boolean> {
  const { rows } = await sql.query<{ exists: boolean }>('select to_regclass($1) is not null as exists', [
    table,
  ])
  if (!rows[0]?.exists) return false
  if (isSameContent(await contentOf(sql, rowsOfTable(table), archive.columns), archive)) return true
  throw refused(
    `${table} is there, is no partition, and is not the archive: look what it holds, and rename it.`,
  )
}

function addRows(work: Work, { store }: Restore, archive: Archive, target: string): Promise<number> {
  const columns = archive.columns.join(', ')
  return work.db.transaction(async (sql) => {
    await sql.query(`create temp table archive_restore (like ${target}) on commit drop`)
    await loadSame(sql, store, archive, 'archive_restore')
    const { rowCount } = await sql.query(
      `insert into ${target} (${columns}) select ${columns} from archive_restore on conflict do nothing`,
    )
    return rowCount
  }, loading)
}
