// The archive of a partition: COPY's binary format, compressed by zstd, one object with a note beside it that says what it
// must give. It counts only once it was read back, whole, into a table, with equal rows and an equal digest.
import { createHash } from 'node:crypto'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib'
import type { ObjectStore } from '../../infra/object-store.ts'
import type { Sql } from '../../infra/postgres.ts'
import type { Partitioning } from '../../sinks/partitions.ts'
import {
  type Content,
  columnsOf,
  contentOf,
  contentSettings,
  isSameContent,
  type Rows,
  rowsOfTable,
} from './content.ts'
import type { Partition } from './state.ts'
import type { Work } from './work.ts'

export type Archive = Content & {
  id: number
  parent: string
  partition: string
  fromMs: number
  toMs: number
  columns: string[]
  store: string
  key: string
  bytes: number
  sha256: string
}

const ZSTD_LEVEL = 6
const compression = { params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } }
/** Reading a month takes minutes. */
const statementTimeoutMs = 0

/** `rows`: of the partition itself, or of what became of it: a retired table keeps its archive under the partition's name. */
export type ArchiveRequest = {
  store: ObjectStore
  partitioning: Partitioning
  partition: Pick<Partition, 'name' | 'fromMs' | 'toMs'>
  rows: Rows
}

/** Writes the archive, of one snapshot, reads it back, and only then notes it as verified. */
export async function makeArchive(work: Work, request: ArchiveRequest): Promise<Archive> {
  const archive = await write(work, request)
  const found = await readBack(work, request.store, archive, request.rows.like)
  if (!isSameContent(found, archive)) throw new ArchiveDiffers(archive, found)
  await work.db.query('update partition_archives set verified_at = now() where id = $1', [archive.id])
  return archive
}

export class ArchiveDiffers extends Error {
  readonly numbers: Readonly<Record<string, unknown>>

  constructor(archive: Archive, found: Content & { sha256?: string }) {
    super(
      `The archive ${archive.key} does not give what was written: ${found.rows} rows for ${archive.rows}.`,
    )
    this.numbers = { expected: { rows: archive.rows, digest: archive.digest }, found, key: archive.key }
  }
}

async function write(work: Work, { store, partitioning, partition, rows }: ArchiveRequest): Promise<Archive> {
  const stamp = new Date(work.nowMs()).toISOString().replaceAll(/[:.]/g, '-')
  const written = await work.db.transaction(
    async (sql) => {
      const columns = await columnsOf(sql, rows.like)
      const content = await contentOf(sql, rows, columns)
      // No archive is ever written over: what is in the key is when, and of what.
      const key = `${partitioning.parent}/${partition.name}/${stamp}-${content.digest}.copy.zst`
      const bytes = sql.copyOut(
        `copy (select ${columns.join(', ')} from ${rows.from}) to stdout (format binary)`,
      )
      const zstd = createZstdCompress(compression)
      const [stored] = await Promise.all([store.put(key, zstd), pipeline(bytes, zstd)])
      return { columns, key, ...content, ...stored }
    },
    { readOnly: true, isSnapshot: true, statementTimeoutMs, settings: contentSettings },
  )
  const { name, fromMs, toMs } = partition
  const note = {
    parent: partitioning.parent,
    partition: name,
    fromMs,
    toMs,
    store: store.name,
    ...written,
  }
  await store.putText(`${note.key}.json`, `${JSON.stringify(note, null, 2)}\n`)
  return { ...note, id: await remember(work, note) }
}

async function remember({ db }: Work, note: Omit<Archive, 'id'>): Promise<number> {
  const { rows } = await db.query<{ id: number }>(
    `insert into partition_archives (parent_table, partition_name, range_from, range_to, columns, row_count, digest,
       store, object_key, object_bytes, object_sha256)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id`,
    [
      ...[note.parent, note.partition, new Date(note.fromMs), new Date(note.toMs), note.columns, note.rows],
      ...[note.digest, note.store, note.key, note.bytes, note.sha256],
    ],
  )
  return rows[0]?.id ?? 0
}

/** Into a table that ends with the transaction. */
async function readBack(work: Work, store: ObjectStore, archive: Archive, like: string): Promise<Content> {
  return work.db.transaction(
    async (sql) => {
      await sql.query(`create temp table archive_check (like ${like}) on commit drop`)
      return load(sql, store, archive, 'archive_check')
    },
    { statementTimeoutMs, settings: contentSettings },
  )
}

/** Fills `table` from the archive, and says what it holds then. Throws where the object is not the one that was written. */
export async function load(sql: Sql, store: ObjectStore, archive: Archive, table: string): Promise<Content> {
  const hash = createHash('sha256')
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  const plain = createZstdDecompress()
  const columns = archive.columns.join(', ')
  await Promise.all([
    pipeline(await store.get(archive.key), meter, plain),
    sql.copyIn(`copy ${table} (${columns}) from stdin (format binary)`, Readable.from(plain)),
  ])
  const content = await contentOf(sql, rowsOfTable(table), archive.columns)
  if (hash.digest('hex') !== archive.sha256)
    throw new ArchiveDiffers(archive, { ...content, sha256: 'another one' })
  return content
}

type ArchiveRow = Omit<Archive, 'fromMs' | 'toMs'> & { range_from: Date; range_to: Date }

const columnsOfRow = `id, parent_table as parent, partition_name as partition, range_from, range_to, columns,
  row_count as rows, digest, store, object_key as key, object_bytes as bytes, object_sha256 as sha256`

/** The newest that was read back; undefined where there is none. */
export async function verifiedArchive(
  sql: Pick<Sql, 'query'>,
  partition: string,
): Promise<Archive | undefined> {
  const { rows } = await sql.query<ArchiveRow>(
    `select ${columnsOfRow} from partition_archives
     where partition_name = $1 and verified_at is not null order by id desc limit 1`,
    [partition],
  )
  const [row] = rows
  if (row === undefined) return undefined
  const { range_from, range_to, ...archive } = row
  return { ...archive, fromMs: range_from.getTime(), toMs: range_to.getTime() }
}

/** Where the database does not know it, the notes beside the objects do. */
export async function archiveInStore(
  store: ObjectStore,
  parent: string,
  partition: string,
): Promise<Archive | undefined> {
  const notes = (await store.list(`${parent}/${partition}/`)).filter(({ key }) => key.endsWith('.json'))
  const newest = notes.at(-1)
  return newest && { ...(JSON.parse(await store.getText(newest.key)) as Omit<Archive, 'id'>), id: 0 }
}
